import type { CliContext } from "../context.ts";
import { withGateway } from "../gateway-link.ts";
import { table } from "../table.ts";

export interface UsageOptions {
  readonly by: "model" | "day" | "session" | "turn";
  readonly days: number;
  readonly session?: string;
}

/** `clanker usage [--by day] [--days 30] [--session KEY]` */
export async function usage(context: CliContext, { options }: { options: UsageOptions }): Promise<void> {
  const session = options.session === undefined ? {} : { session: options.session };
  const [status, cost] = await withGateway(context, async (client) => [
    await client.call("usage.status", session),
    await client.call("usage.cost", { by: options.by, days: options.days, ...session }),
  ]);
  const rows = cost.rows.map((row) => [
    ...(options.by === "model" ? [] : [row.key]),
    row.model,
    String(row.turns),
    String(row.tokens),
    row.usd === undefined ? "no price" : dollars(row.usd),
  ]);
  const head = [...(options.by === "model" ? [] : [options.by.toUpperCase()]), "MODEL", "TURNS", "TOKENS", "COST"];
  const { budgets, today } = status;
  const lines = [
    `Today: ${today.tokens} tokens${limitOf(budgets.day_tokens, String)}, ${money(today)}${limitOf(budgets.day_usd, dollars)}`,
    ...(status.session ? [`${options.session}: ${status.session.tokens} tokens${limitOf(budgets.session_tokens, String)}, ${money(status.session)}`] : []),
    table(context.output, head, rows, "nothing was used yet"),
    ...(cost.more ? ["(there is more: look back fewer days)"] : []),
    ...(cost.total.unpriced.length > 0 ? [`No price is known for ${cost.total.unpriced.join(", ")}: set it in [usage.pricing].`] : []),
    `List prices of ${cost.prices_as_of}.`,
  ];
  context.output.result({ json: { status, cost }, text: lines.join("\n") });
}

function limitOf(limit: number, show: (limit: number) => string): string {
  return limit === 0 ? "" : ` of ${show(limit)}`;
}

/** Nothing is not what unpriced models cost. */
function money({ usd, unpriced }: { readonly usd: number; readonly unpriced: readonly string[] }): string {
  if (unpriced.length === 0) return dollars(usd);
  return usd === 0 ? "no price known" : `${dollars(usd)} and what has no price`;
}

function dollars(usd: number): string {
  return `$${usd === 0 || usd >= 0.01 ? usd.toFixed(2) : usd.toPrecision(2)}`;
}

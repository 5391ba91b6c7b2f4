/** Hall, beside step 1: `/usage`. Everybody sees what their conversation has used; the house's day and its budgets are the owner's. */
import type { Store } from "../core/store.ts";
import type { CommandCall } from "./command-call.ts";
import { money, type Spending, type Spent } from "./spending.ts";

export async function showUsage(
  { session, principal }: CommandCall,
  { store, spending }: { store: Pick<Store, "getSession">; spending: Spending },
): Promise<string> {
  const current = await store.getSession({ key: session.key });
  const { dayTokens, dayUsd, sessionTokens, sessionUsd } = spending.budgets();
  const here = current === undefined ? undefined : await spending.session(current.id);
  const lines = [`This conversation: ${here === undefined ? "nothing yet" : line(here)}${limits(sessionTokens, sessionUsd)}`];
  if (principal.class === "owner" && principal.direct) {
    const today = await spending.today();
    lines.push(`Today, everywhere: ${line(today)}${limits(dayTokens, dayUsd)}`);
    if (today.unpriced.length > 0) lines.push(`No price is known for ${today.unpriced.join(", ")}: set it in [usage.pricing].`);
  }
  return lines.join("\n");
}

function line({ turns, tokens, usage, usd, unpriced }: Spent): string {
  const cached = usage.cacheRead > 0 ? ` and ${usage.cacheRead} read from a cache` : "";
  const cost = unpriced.length === 0 ? money(usd) : usd > 0 ? `${money(usd)} and what has no price` : "no price known";
  return `${turns} ${turns === 1 ? "turn" : "turns"}, ${tokens} tokens${cached}, ${cost}`;
}

function limits(tokens: number, usd: number): string {
  const parts = [...(tokens > 0 ? [`${tokens} tokens`] : []), ...(usd > 0 ? [money(usd)] : [])];
  return parts.length === 0 ? "" : ` (limit: ${parts.join(" and ")})`;
}

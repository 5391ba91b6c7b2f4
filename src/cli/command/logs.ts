import { escapeControls } from "../../lib/plain-text/index.ts";
import type { Client } from "../../client/index.ts";
import type { CliContext } from "../context.ts";
import { UsageError } from "../exit-code.ts";
import { openGateway } from "../gateway-link.ts";

interface Line {
  readonly at: number;
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

interface Options {
  readonly follow?: boolean;
  readonly lines: number;
  readonly level?: Line["level"];
}

const LOOK_MS = 1_000;
/** What `logs.tail` gives at most. */
const MOST = 1_000;
const STYLE = { debug: "gray", info: "cyan", warn: "yellow", error: "red" } as const;

/** `clanker logs [-f]`: follows until Ctrl-C or until the gateway ends. */
export async function logs(context: CliContext, { options }: { options: Options }): Promise<void> {
  const { output } = context;
  if (options.follow === true && output.json) throw new UsageError("--follow does not end, so it cannot be one JSON document", "leave --follow or --json out");
  const { client } = await openGateway(context);
  const stopped = new AbortController();
  if (options.follow === true) process.once("SIGINT", () => stopped.abort());
  try {
    const lines = await tail(client, { limit: Math.min(options.lines, MOST), level: options.level });
    output.result({ json: { lines }, text: lines.map((line) => format(context, line)).join("\n") });
    if (options.follow === true) await follow(context, client, { lines, level: options.level, signal: stopped.signal });
  } finally {
    client.close();
  }
}

async function tail(client: Client, { limit, level, since }: { limit: number; level: Line["level"] | undefined; since?: number }): Promise<readonly Line[]> {
  const params = { limit, ...(level === undefined ? {} : { level }), ...(since === undefined ? {} : { since }) };
  return (await client.call("logs.tail", params)).lines;
}

async function follow(
  context: CliContext,
  client: Client,
  from: { lines: readonly Line[]; level: Line["level"] | undefined; signal: AbortSignal },
): Promise<void> {
  const { signal } = from;
  let last = from.lines.at(-1)?.at ?? 0;
  // Several lines may carry the same millisecond: those of the last one are asked for again, and as many as were shown are left out.
  let shown = from.lines.filter(({ at }) => at === last).length;
  while (!signal.aborted) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, LOOK_MS);
      signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
    });
    if (signal.aborted) return;
    const lines = await tail(client, { limit: MOST, level: from.level, since: Math.max(0, last - 1) });
    for (const line of lines.slice(lines[0]?.at === last ? shown : 0)) context.output.stream(`${format(context, line)}\n`);
    last = lines.at(-1)?.at ?? last;
    shown = lines.filter(({ at }) => at === last).length;
  }
}

function format({ output, options }: CliContext, line: Line): string {
  const time = new Date(line.at).toTimeString().slice(0, 8);
  const stacks = options.debug === true;
  const fields = Object.entries(line.fields ?? {}).map(([key, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value, (name, inner: unknown) => (name === "stack" && !stacks ? undefined : inner));
    return output.paint("dim", escapeControls(`${key}=${text}`));
  });
  return [output.paint("dim", time), output.paint(STYLE[line.level], line.level.padEnd(5)), escapeControls(line.message), ...fields].join(" ");
}

import { escapeControls } from "../../lib/plain-text/index.ts";
import { ClientError, type Client } from "../../client/index.ts";
import type { CliContext } from "../context.ts";
import { UnreachableError, UsageError } from "../exit-code.ts";
import { openGateway, withGateway } from "../gateway-link.ts";

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

/** `clanker logs [-f]`: follows until Ctrl-C, over restarts of the gateway. */
export async function logs(context: CliContext, { options }: { options: Options }): Promise<void> {
  const { output } = context;
  if (options.follow === true && output.json) throw new UsageError("--follow does not end, so it cannot be one JSON document", "leave --follow or --json out");
  const stopped = new AbortController();
  if (options.follow === true) process.once("SIGINT", () => stopped.abort());
  const lines = await withGateway(context, (client) => tail(client, { limit: Math.min(options.lines, MOST), level: options.level }));
  output.result({ json: { lines }, text: lines.map((line) => format(context, line)).join("\n") });
  if (options.follow !== true) return;
  const from: Position = { last: lines.at(-1)?.at ?? 0, shown: 0, away: false, level: options.level, signal: stopped.signal };
  from.shown = lines.filter(({ at }) => at === from.last).length;
  while (!stopped.signal.aborted) await followUntilLost(context, from);
}

async function tail(client: Client, { limit, level, since }: { limit: number; level: Line["level"] | undefined; since?: number }): Promise<readonly Line[]> {
  const params = { limit, ...(level === undefined ? {} : { level }), ...(since === undefined ? {} : { since }) };
  return (await client.call("logs.tail", params)).lines;
}

/** How far the log has been shown. Several lines may carry the same millisecond: those of the last one are asked for again, and as many as were shown are left out. */
interface Position {
  last: number;
  shown: number;
  /** That the gateway has gone was said. */
  away: boolean;
  readonly level: Line["level"] | undefined;
  readonly signal: AbortSignal;
}

/** Shows what is new until Ctrl-C or until the gateway has gone, which is said; then waits for the next one. @throws when the next one refuses us. */
async function followUntilLost(context: CliContext, from: Position): Promise<void> {
  const { signal } = from;
  const opened = await openGateway(context).catch((error: unknown) => {
    if (error instanceof UnreachableError) return undefined;
    throw error;
  });
  const sayGone = () => {
    if (!from.away) context.output.warn("the gateway has ended; waiting for its next start (Ctrl-C to leave)");
    from.away = true;
  };
  if (opened === undefined) {
    sayGone();
    return pause(signal);
  }
  from.away = false;
  const { client } = opened;
  try {
    for (;;) {
      const lines = await tail(client, { limit: MOST, level: from.level, since: Math.max(0, from.last - 1) });
      for (const line of lines.slice(lines[0]?.at === from.last ? from.shown : 0)) context.output.stream(`${format(context, line)}\n`);
      from.last = lines.at(-1)?.at ?? from.last;
      from.shown = lines.filter(({ at }) => at === from.last).length;
      await pause(signal);
      if (signal.aborted) return;
    }
  } catch (error) {
    if (!(error instanceof ClientError) || !["disconnected", "shutting_down"].includes(error.code)) throw error;
    sayGone();
  } finally {
    client.close();
  }
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, LOOK_MS);
    signal.addEventListener("abort", end);
  });
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

/** The rows of the budget (docs/performance.md): what is measured, and what it must and should be. */
export interface Row {
  readonly name: string;
  /** Name on the command line; rows of one group are measured together. */
  readonly group: string;
  readonly what: string;
  readonly unit: "ms" | "MB" | "kB" | "turns/s" | "x" | "tokens" | "bytes";
  readonly must?: number;
  readonly aim?: number;
  /** More is better. */
  readonly more?: true;
}

export interface Measured {
  readonly row: string;
  readonly value: number;
  /** The same of the bare Node server, measured right beside it. */
  readonly bare?: number;
  readonly note?: string;
}

export const ROWS: readonly Row[] = [
  { name: "help", group: "help", what: "`clanker --help`", unit: "ms", must: 100, aim: 60 },
  { name: "start", group: "start", what: "start to `/health/ready` (SQLite, web chat, Telegram)", unit: "ms", must: 300, aim: 150 },
  { name: "rss", group: "idle", what: "idle RSS of the same", unit: "MB", must: 90, aim: 80 },
  { name: "pss", group: "idle", what: "idle PSS of the same (shared pages counted in part)", unit: "MB" },
  { name: "turn-p50", group: "latency", what: "added latency of a turn at 10 sessions, p50", unit: "ms", must: 1.5, aim: 1 },
  { name: "turn-p99", group: "latency", what: "added latency of a turn at 10 sessions, p99", unit: "ms", must: 10, aim: 5 },
  { name: "throughput", group: "throughput", what: "turns per second, durable SQLite, 100 sessions", unit: "turns/s", must: 500, aim: 1000, more: true },
  { name: "socket", group: "sockets", what: "memory of an authenticated idle WebSocket", unit: "kB", must: 7, aim: 5 },
  { name: "fan-out", group: "fanout", what: "event fan-out to many clients, p99", unit: "ms", must: 250, aim: 150 },
  { name: "history", group: "history", what: "turn at 10,000 messages against 10 (16k-token window)", unit: "x", must: 1.5, aim: 1.2 },
  { name: "history-full", group: "history", what: "turn at 10,000 messages against a window just filled", unit: "x" },
  { name: "hi", group: "hi", what: 'tokens sent for "hi" with the default tools', unit: "tokens", must: 3000, aim: 1500 },
  { name: "disk", group: "disk", what: "bytes on disk per ten-word turn", unit: "bytes", must: 5000, aim: 3000 },
  { name: "sandbox", group: "sandbox", what: "sandboxed `true`, its plan included", unit: "ms", must: 25, aim: 15 },
];

export const GROUPS: readonly string[] = [...new Set(ROWS.map((row) => row.group))];

/** @returns `aim` and `ok` when the budget is met, `gap` when it is not, nothing without a budget. */
export function verdict({ must, aim, more }: Row, value: number): "aim" | "ok" | "gap" | "" {
  if (must === undefined || aim === undefined) return "";
  const within = (budget: number) => (more === true ? value > budget : value < budget);
  return within(aim) ? "aim" : within(must) ? "ok" : "gap";
}

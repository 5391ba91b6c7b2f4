/** One line of the tables: what is measured, and what it must and should be (docs/performance.md). */
export interface Row {
  readonly name: string;
  /** Name on the command line; rows of one group are measured together and stand in one table. */
  readonly group: string;
  readonly what: string;
  readonly unit: "ms" | "s" | "MB" | "kB" | "turns/s" | "x" | "tokens" | "bytes" | "calls";
  readonly must?: number;
  readonly aim?: number;
  /** More is better. */
  readonly more?: true;
}

export interface Measured {
  readonly row: string;
  readonly value: number;
  /** The same of something else, measured right beside it: a bare Node server if `name` does not say otherwise. */
  readonly beside?: { readonly value: number; readonly name?: string };
  /** What explains the figure. */
  readonly note?: string;
}

const latency = [1, 10, 30, 100].flatMap((sessions): Row[] =>
  [50, 95, 99].map((share) => ({
    name: `turn-${sessions}-p${share}`,
    group: "latency",
    what: `added latency of a turn, ${sessions === 1 ? "one session" : `${sessions} sessions`}, p${share}`,
    unit: "ms",
    ...(sessions === 10 && share === 50 && { must: 1.5, aim: 1 }),
    ...(sessions === 10 && share === 99 && { must: 10, aim: 5 }),
  })),
);

export const ROWS: readonly Row[] = [
  { name: "help", group: "cli", what: "`clanker --help`", unit: "ms", must: 100, aim: 60 },
  { name: "version", group: "cli", what: "`clanker version`", unit: "ms" },
  { name: "validate", group: "cli", what: "`clanker config validate`", unit: "ms" },
  { name: "status-down", group: "cli", what: "`clanker status`, no gateway", unit: "ms" },
  { name: "status-up", group: "cli", what: "`clanker status`, gateway up", unit: "ms" },
  { name: "sessions-up", group: "cli", what: "`clanker sessions list`, gateway up", unit: "ms" },
  { name: "agent-run-up", group: "cli", what: "`clanker agent run --message hi`, gateway up, instant model", unit: "ms" },
  { name: "start", group: "start", what: "start to `/health/ready` (SQLite, web chat, Telegram)", unit: "ms", must: 300, aim: 150 },
  { name: "rss-first", group: "idle", what: "idle RSS at the very first start, which compiles everything", unit: "MB" },
  { name: "rss", group: "idle", what: "idle RSS of the same", unit: "MB", must: 90, aim: 80 },
  { name: "pss", group: "idle", what: "idle PSS of the same (shared pages counted in part)", unit: "MB" },
  { name: "channels-all", group: "channels", what: "idle RSS with Telegram, Discord, Slack, Matrix and the page", unit: "MB", must: 160, aim: 130 },
  ...["Telegram", "Discord", "Slack", "Matrix"].map((name): Row => ({
    name: `channel-${name.toLowerCase()}`,
    group: "channels",
    what: `idle RSS that ${name} adds to the page alone`,
    unit: "MB",
  })),
  ...latency,
  { name: "throughput", group: "throughput", what: "turns per second, durable SQLite, 100 sessions", unit: "turns/s", must: 500, aim: 1000, more: true },
  { name: "turn-cpu", group: "throughput", what: "processor time of the gateway per turn", unit: "ms" },
  { name: "turn-writes", group: "throughput", what: "write calls of the gateway per turn (files and sockets)", unit: "calls" },
  { name: "rss-loaded", group: "throughput", what: "RSS under that load", unit: "MB" },
  { name: "rss-settled", group: "throughput", what: "RSS half a minute after it", unit: "MB" },
  { name: "pss-loaded", group: "throughput", what: "PSS under that load", unit: "MB" },
  { name: "disk", group: "throughput", what: "bytes on disk per ten-word turn", unit: "bytes", must: 5000, aim: 3000 },
  { name: "disk-written", group: "throughput", what: "bytes written to disk per ten-word turn (log and database)", unit: "bytes" },
  { name: "socket", group: "sockets", what: "memory of an authenticated idle WebSocket", unit: "kB", must: 7, aim: 5 },
  { name: "fan-out", group: "fanout", what: "event fan-out to 10,000 clients, p99", unit: "ms", must: 250, aim: 150 },
  { name: "history", group: "history", what: "turn at 10,000 messages against 10 (16k-token window)", unit: "x", must: 1.5, aim: 1.2 },
  { name: "history-full", group: "history", what: "turn at 10,000 messages against a window just filled", unit: "x" },
  { name: "sessions-turn", group: "sessions", what: "turn beside 10,000 sessions against none", unit: "x" },
  { name: "sessions-start", group: "sessions", what: "start to `/health/ready` with 10,000 sessions against none", unit: "x" },
  { name: "million-start", group: "million", what: "start to `/health/ready`", unit: "ms", must: 1000, aim: 500 },
  { name: "million-rss", group: "million", what: "fault-66: idle RSS", unit: "MB", must: 120, aim: 100 },
  { name: "million-list", group: "million", what: "`sessions.list` over the WebSocket, p95", unit: "ms", must: 100, aim: 20 },
  { name: "million-search", group: "million", what: "`sessions.search` over the WebSocket, p95", unit: "ms" },
  { name: "million-restore", group: "million", what: "fault-64: `clanker restore`, for each GB of database", unit: "s", must: 60, aim: 30 },
  { name: "hi", group: "hi", what: 'tokens sent for "hi" with the default tools', unit: "tokens", must: 3000, aim: 1500 },
  { name: "gate-audit", group: "tools", what: "gate and audit, added to a tool call (SQLite)", unit: "ms", must: 0.2, aim: 0.1 },
  { name: "sandbox", group: "sandbox", what: "sandboxed `true`, its plan included", unit: "ms", must: 25, aim: 15 },
  { name: "postgres-p50", group: "postgres", what: "added latency of a turn on PostgreSQL, 10 sessions, p50", unit: "ms" },
  { name: "postgres-throughput", group: "postgres", what: "turns per second on PostgreSQL, 100 sessions", unit: "turns/s", more: true },
  { name: "peer-start", group: "peer", what: "start to ready", unit: "ms" },
  { name: "peer-rss", group: "peer", what: "idle RSS of all processes", unit: "MB" },
  { name: "peer-turn", group: "peer", what: "turn by `POST /v1/chat/completions`, one after the other, p50", unit: "ms" },
  { name: "peer-throughput", group: "peer", what: "turns per second by the same, 10 clients", unit: "turns/s", more: true },
  { name: "peer-hi", group: "peer", what: "bytes sent to the model in the first turn of a conversation", unit: "bytes" },
];

export const GROUPS: readonly string[] = [...new Set(ROWS.map((row) => row.group))];

/** @returns `aim` and `ok` when the budget is met, `missed` when it is not, nothing without a budget. */
export function verdict({ must, aim, more }: Row, value: number): "aim" | "ok" | "missed" | "" {
  if (must === undefined || aim === undefined) return "";
  const within = (budget: number) => (more === true ? value > budget : value < budget);
  return within(aim) ? "aim" : within(must) ? "ok" : "missed";
}

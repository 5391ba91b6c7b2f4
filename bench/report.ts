import { ROWS, verdict, type Measured, type Row } from "./rows.ts";

/** What one run of the bench leaves: bench/results/latest.json, and bench/baseline.json when kept. */
export interface Results {
  /** ISO date. */
  readonly at: string;
  readonly mode: "quick" | "standard" | "full";
  readonly machine: Machine;
  readonly measured: readonly Measured[];
}

export interface Machine {
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  /** Median and p99 of a 4 kB write with fsync, milliseconds. */
  readonly fsyncMs: { readonly p50: number; readonly p99: number };
}

/** A figure that got worse by more than this share is named. */
const WORSE = 0.15;

/** The table in Markdown, one line per measured row in the order of the budget. */
export function renderTable({ measured }: Results, baseline?: Results): string {
  const lines = ROWS.flatMap((row) => measured.filter((one) => one.row === row.name).map((one) => line(row, one, baseline)));
  return ["| what | measured | must | aim | | bare Node | ratio | baseline |", "|---|---|---|---|---|---|---|---|", ...lines].join("\n");
}

function line(row: Row, { value, bare, note }: Measured, baseline: Results | undefined): string {
  const before = baseline?.measured.find((one) => one.row === row.name)?.value;
  const cells = [
    note === undefined ? row.what : `${row.what}: ${note}`,
    `**${figure(value)} ${row.unit}**`,
    row.must === undefined ? "" : `${row.more ? ">" : "<"} ${figure(row.must)}`,
    row.aim === undefined ? "" : `${row.more ? ">" : "<"} ${figure(row.aim)}`,
    verdict(row, value),
    bare === undefined ? "" : `${figure(bare)} ${row.unit}`,
    bare === undefined ? "" : `${figure(value / bare)}x`,
    before === undefined ? "" : `${figure(before)}${isWorse(row, value, before) ? " (worse)" : ""}`,
  ];
  return `| ${cells.join(" | ")} |`;
}

/** One sentence per row that got worse by more than 15 %. A comparison across machines or modes says little, and says so. */
export function compare(now: Results, baseline: Results): string[] {
  const worse = ROWS.flatMap((row) => {
    const value = now.measured.find((one) => one.row === row.name)?.value;
    const before = baseline.measured.find((one) => one.row === row.name)?.value;
    if (value === undefined || before === undefined || !isWorse(row, value, before)) return [];
    return [`${row.name}: ${figure(before)} -> ${figure(value)} ${row.unit} (${Math.round((value / before - 1) * 100)} %)`];
  });
  const other = now.machine.cpu !== baseline.machine.cpu || now.machine.cores !== baseline.machine.cores || now.mode !== baseline.mode;
  return other && worse.length > 0 ? ["(the baseline is of another machine or mode)", ...worse] : worse;
}

function isWorse({ more }: Row, value: number, before: number): boolean {
  return more === true ? value < before * (1 - WORSE) : value > before * (1 + WORSE);
}

/** Three significant digits, whole numbers above 100. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "?";
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)));
}

/** docs/performance.md. */
export function renderPage(results: Results): string {
  const { machine, at, mode } = results;
  const { p50, p99 } = machine.fsyncMs;
  return `# Performance

Written by \`node bench/run.ts --write\`. Figures of one run on one machine: ${machine.cores} cores (${machine.cpu}), Node ${machine.node}, a 4 kB write with fsync takes
${figure(p50)} ms (p99 ${figure(p99)} ms), ${at.slice(0, 10)}, ${mode} run. Gateway, model server, load generator and clients share those cores, and the figures move by 10 to 20 %
from run to run. The ratios beside a bare Node server (\`node:http\` and \`ws\`, nothing else, measured in the same minute) say more than the absolute numbers.

${renderTable(results)}

\`aim\`: below what was aimed for; \`ok\`: within the budget; \`gap\`: not yet.

## How it is measured

The gateway runs from \`dist/\` with \`--max-semi-space-size=2\`, as \`npm start\` runs it; a mock model server (chat completions, answers at once), a fake Telegram and the load
generator are processes of their own on loopback. Nothing is switched off: every turn is written to SQLite with \`synchronous = FULL\`.

- **--help** and **start**: medians of fresh processes with a warm compile cache; bare is \`node -e 0\`, and a bare server until its first answer.
- **RSS**: \`/proc/PID/status\` 10 s after the start, nothing said yet.
- **added latency**: \`agent.run\` over WebSocket at 10 sessions, each pausing 30 to 60 ms between turns; from the request to the answer, after the commit, less the median of the
  same call made directly to the mock model at the same pace. Bare is a WebSocket echo at that pace.
- **turns per second**: 100 sessions, each sending its next message when the answer is there; a new conversation every 20 turns. Bare is an echo at 100 sockets.
- **memory of a WebSocket**: growth of RSS over further connections after a first thousand, divided by their number, garbage collected before both readings.
- **fan-out**: from the time in \`message.accepted\` to its arrival, over all clients (in two processes) and 20 events. Bare broadcasts a frame of the same size.
- **history**: medians of turns taken in turn in one session with 10,000 messages of ten words and in fresh ones with 10. The window holds about 200 such messages, so
  the second line compares with a session that has just filled it.
- **tokens for "hi"**: bytes of the request body divided by 4.
- **bytes on disk**: growth of the closed database over the throughput run divided by its turns.
`;
}

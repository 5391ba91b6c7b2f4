import { ROWS, verdict, type Measured, type Row } from "./rows.ts";

/** What one run of the bench leaves: bench/results/latest.json, and bench/baseline.json when kept. */
export interface Results {
  /** ISO date. */
  readonly at: string;
  readonly mode: "quick" | "full";
  readonly machine: Machine;
  readonly measured: readonly Measured[];
  /** Why a group has no figures here: its name and the reason. */
  readonly absent: Readonly<Record<string, string>>;
}

export interface Machine {
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  /** Of a 4 kB write with fsync, milliseconds, before and after the run. */
  readonly fsyncMs: { readonly p50: number; readonly p99: number };
  /** Share of all cores that other programs used before and after the run, 0 to 1. */
  readonly othersShare: number;
}

/** A figure that got worse by more than this share is named. */
const WORSE = 0.15;

/** The table in Markdown, one line per measured row in the order of ROWS. @param only rows of this group. */
export function renderTable({ measured }: Results, { baseline, only }: { baseline?: Results | undefined; only?: string } = {}): string {
  const rows = ROWS.filter((row) => only === undefined || row.group === only);
  const lines = rows.flatMap((row) => measured.filter((one) => one.row === row.name).map((one) => line(row, one, baseline)));
  const heads = ["what", "measured", "must", "aim", "", "beside it", "ratio", ...(baseline === undefined ? [] : ["baseline"])];
  return [`| ${heads.join(" | ")} |`, `|${heads.map(() => "---").join("|")}|`, ...lines].join("\n");
}

function line(row: Row, { value, beside, note }: Measured, baseline: Results | undefined): string {
  const before = baseline?.measured.find((one) => one.row === row.name)?.value;
  const sign = row.more === true ? ">" : "<";
  const cells = [
    note === undefined ? row.what : `${row.what}: ${note}`,
    `**${figure(value)} ${row.unit}**`,
    row.must === undefined ? "" : `${sign} ${figure(row.must)}`,
    row.aim === undefined ? "" : `${sign} ${figure(row.aim)}`,
    verdict(row, value),
    beside === undefined ? "" : `${figure(beside.value)} ${row.unit} (${beside.name ?? "bare Node"})`,
    beside === undefined ? "" : `${figure(value / beside.value)}x`,
    ...(baseline === undefined ? [] : [before === undefined ? "" : `${figure(before)}${isWorse(row, value, before) ? " (worse)" : ""}`]),
  ];
  return `| ${cells.join(" | ")} |`;
}

/** Every must that is missed, with what was measured beside it. */
export function missed({ measured }: Results): string[] {
  return ROWS.flatMap((row) =>
    measured
      .filter((one) => one.row === row.name && verdict(row, one.value) === "missed")
      .map(
        ({ value, note }) =>
          `${row.what}: ${figure(value)} ${row.unit}, must be ${row.more === true ? ">" : "<"} ${figure(row.must!)}${note ? `; ${note}` : ""}`,
      ),
  );
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

/** One line about the machine and its disk: a durable turn is never faster than that. */
export function describe({ machine, at, mode }: Results): string {
  const { p50, p99 } = machine.fsyncMs;
  const others =
    machine.othersShare > 0.1 ? `; other programs used ${Math.round(machine.othersShare * 100)} % of the processor, so these figures say little` : "";
  return `${machine.cores} cores (${machine.cpu}), Node ${machine.node}, a 4 kB write with fsync takes ${figure(p50)} ms (p99 ${figure(p99)} ms), ${at.slice(0, 10)}, ${mode} run${others}`;
}

const BLOCK = /(<!-- bench: (\S+) -->\n)[^]*?(<!-- \/bench -->)/g;

/** docs/performance.md with the figures of `results` in its blocks: `<!-- bench: GROUP -->` to `<!-- /bench -->`; the block `machine` tells what they were taken on. */
export function fillPage(page: string, results: Results): string {
  return page.replaceAll(BLOCK, (_, open: string, name: string, close: string) => `${open}${block(name, results)}\n${close}`);
}

function block(name: string, results: Results): string {
  if (name === "machine") return `${describe(results)}.`;
  if (name === "missed")
    return (
      missed(results)
        .map((text) => `- ${text}`)
        .join("\n") || "None."
    );
  if (!ROWS.some((row) => row.group === name)) throw new Error(`docs/performance.md: there is no group ${name}`);
  const reason = results.absent[name];
  return reason === undefined ? `\n${renderTable(results, { only: name })}\n` : `Not measured: ${reason}.`;
}

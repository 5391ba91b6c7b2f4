import { escapeControls } from "../lib/plain-text/index.ts";
import type { Output } from "./output.ts";

/** Rows under a head, columns aligned, two spaces between; whatever came from outside is escaped. `empty` is what stands instead of no rows. */
export function table(output: Output, head: readonly string[], rows: readonly (readonly string[])[], empty = "none"): string {
  if (rows.length === 0) return empty;
  const clean = rows.map((row) => row.map(escapeControls));
  const widths = head.map((title, column) => Math.max(title.length, ...clean.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd();
  return [output.paint("dim", line(head)), ...clean.map(line)].join("\n");
}

/** `2026-11-21 14:03`, local time; an empty text for no time. */
export function when(at: number | undefined): string {
  if (at === undefined || at === 0) return "";
  const date = new Date(at);
  const two = (part: number) => String(part).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** `3 d 4 h`, `5 min`, `12 s`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}

/** `812 B`, `3.4 kB`, `12 MB`. */
export function size(bytes: number): string {
  const units = ["B", "kB", "MB", "GB"];
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const value = bytes / 1000 ** step;
  return `${value < 10 && step > 0 ? value.toFixed(1) : Math.round(value)} ${units[step]}`;
}

/** `1 session`, `3 sessions`. */
export function counted(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

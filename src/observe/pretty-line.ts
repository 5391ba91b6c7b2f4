import { styleText } from "node:util";
import type { LogLevel, LogRecord } from "./log-record.ts";

const STYLE = { debug: "gray", info: "cyan", warn: "yellow", error: "red" } as const satisfies Record<LogLevel, string>;

/** A line for people: local time, level, message, `key=value`; stacks only where `stacks` asks for them. */
export function prettyLine(record: LogRecord, { color = false, stacks = false } = {}): string {
  const paint = (style: "dim" | (typeof STYLE)[LogLevel], text: string) => (color ? styleText(style, text, { validateStream: false }) : text);
  const fields = Object.entries(record.fields).map(([key, value]) => paint("dim", `${key}=${plain(value, stacks)}`));
  return [paint("dim", clockTime(record.at)), paint(STYLE[record.level], record.level.padEnd(5)), record.message, ...fields].join(" ");
}

function clockTime(at: number): string {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}

function plain(value: unknown, stacks: boolean): string {
  if (typeof value === "string") return /^[\w.:/@+-]+$/.test(value) ? value : JSON.stringify(value);
  const text = JSON.stringify(value, (key, inner: unknown) => (key === "stack" && !stacks ? undefined : inner));
  return text ?? "";
}

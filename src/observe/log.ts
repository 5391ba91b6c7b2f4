/**
 * The Log of the rooms: pino over a destination that cannot fail. What passes here is redacted, escaped, one line, at most 8 kB. A destination that throws
 * (disk full, closed pipe) costs the line and nothing else; how many were lost is said once it takes lines again (fault-58).
 */
import { pino } from "pino";
import type { Log } from "../core/log.ts";
import { clip, escapeControls } from "../lib/plain-text/index.ts";
import { LOG_LEVELS, type LogLevel, type LogRecord } from "./log-record.ts";
import type { LogRing } from "./log-ring.ts";
import { prettyLine } from "./pretty-line.ts";
import type { Redactor } from "./redactor.ts";

export interface LogOptions {
  /** This level and worse are written. */
  readonly level: LogLevel;
  /** `json`: one object a line; `pretty`: for people at a terminal. */
  readonly format: "json" | "pretty";
  /** Takes a whole line with its line break, in `format` and as JSON. May throw: the line is dropped then. */
  readonly write: (line: string, json: string) => void;
  readonly redact: Redactor;
  readonly ring?: LogRing;
  /** Colours of `pretty`. */
  readonly color?: boolean;
}

export interface LeveledLog extends Log {
  /** Holds for this log and all its children. */
  setLevel(level: LogLevel): void;
}

export const MAX_LINE_BYTES = 8_192;
const MAX_MESSAGE = 2_000;
const MAX_STACK = 3_000;
const MAX_FIELD = 1_000;
/** What strangers put into a request's head gets no room to write novels in. */
const MAX_FOREIGN = 100;
const FOREIGN_KEY = /^(headers?|user[-_]?agent|origin|host|referr?er|x?[-_]?forwarded.*|url|path|method|query)$/i;

export function createLog(options: LogOptions): LeveledLog {
  const pretty = options.format === "pretty";
  const destination = steadyDestination(options.write);
  let record: LogRecord | undefined;
  // pino writes synchronously from within the call, so `record` is the line's own.
  const logger = pino(
    { level: "debug", base: null, timestamp: () => `,"time":${record?.at ?? 0}`, formatters: { level: (level) => ({ level }) }, messageKey: "msg" },
    {
      write(line: string) {
        if (record === undefined) return;
        const shown = pretty ? `${prettyLine(record, { color: options.color ?? false, stacks: state.level === "debug" })}\n` : line;
        destination(shown, line, record.at);
      },
    },
  );
  const state = { level: options.level };

  const emit = (level: LogLevel, message: string, fields: Record<string, unknown>) => {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(state.level)) return;
    try {
      record = fitLine({
        at: Date.now(),
        level,
        message: clip(escapeControls(options.redact.text(String(message))), MAX_MESSAGE),
        fields: escapeRecord(options.redact.fields(fields)),
      });
      options.ring?.push(record);
      logger[level](record.fields, record.message);
    } catch {
      // A log that throws would take the work down that it reports on.
    }
  };
  return { ...bind(emit, {}), setLevel: (level) => void (state.level = level) };
}

type Emit = (level: LogLevel, message: string, fields: Record<string, unknown>) => void;

function bind(emit: Emit, bound: Record<string, unknown>): Log {
  const at = (level: LogLevel) => (message: string, fields?: Record<string, unknown>) => emit(level, message, { ...bound, ...fields });
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error"), child: (fields) => bind(emit, { ...bound, ...fields }) };
}

/** Never throws; counts what was lost and says so before the next line that gets through. */
function steadyDestination(write: LogOptions["write"]): (line: string, json: string, at: number) => void {
  let dropped = 0;
  return (line, json, at) => {
    try {
      if (dropped > 0) {
        const told = `${JSON.stringify({ level: "warn", time: at, msg: "log lines were dropped", dropped })}\n`;
        write(told, told);
        dropped = 0;
      }
      write(line, json);
    } catch {
      dropped++;
    }
  };
}

/** Names of pino's own fields must not be written twice. */
const OWN = new Set(["level", "time", "msg"]);

function escapeRecord(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [OWN.has(key) ? `${key}_` : clip(escapeControls(key), 100), escapeValue(key, value)]));
}

function escapeValue(key: string, value: unknown): unknown {
  if (typeof value === "string") {
    // The line breaks of a stack are escaped by the JSON around it and shown by nothing else.
    if (key === "stack") return clip(value.split("\n").map(escapeControls).join("\n"), MAX_STACK);
    return clip(escapeControls(value), FOREIGN_KEY.test(key) ? MAX_FOREIGN : MAX_FIELD);
  }
  if (Array.isArray(value)) return value.map((item) => escapeValue(key, item));
  if (typeof value !== "object" || value === null) return value;
  const inside = FOREIGN_KEY.test(key) ? () => key : (inner: string) => inner;
  return Object.fromEntries(Object.entries(value).map(([inner, item]) => [clip(escapeControls(inner), 100), escapeValue(inside(inner), item)]));
}

/** Fields give way, the largest first, until the line fits. */
function fitLine(record: LogRecord): LogRecord {
  const room = MAX_LINE_BYTES - 200 - jsonBytes(record.message);
  const sized = Object.entries(record.fields).map(([key, value]) => ({ key, value, bytes: jsonBytes(value) + jsonBytes(key) + 2 }));
  let total = sized.reduce((sum, field) => sum + field.bytes, 0);
  if (total <= room) return record;
  const gone = new Set<string>();
  for (const field of sized.toSorted((a, b) => b.bytes - a.bytes)) {
    if (total <= room) break;
    gone.add(field.key);
    total -= field.bytes;
  }
  return { ...record, fields: { ...Object.fromEntries(Object.entries(record.fields).filter(([key]) => !gone.has(key))), cut: gone.size } };
}

function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value) ?? "");
}

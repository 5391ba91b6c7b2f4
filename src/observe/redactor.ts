/**
 * Nothing secret reaches a log, a metric, the log page or a terminal: values that are registered (every Secret of the config and the secret store) are
 * replaced wherever and however encoded they turn up; what looks like a credential by its key or its shape is replaced as well (sec-115).
 */
import { ClankerError } from "../core/errors.ts";
import { Secret } from "../core/secret.ts";
import { createNeedles, SHORTEST_NEEDLE } from "./needles.ts";
import { secretForms } from "./secret-forms.ts";

export interface Redactor {
  /** Registers a value; shorter than four characters it cannot be told from ordinary text and is only protected by its key. */
  add(secret: Secret): void;
  text(text: string): string;
  /** Only registered values are replaced, whatever the length: for text that is not a log line and has to stay as it is otherwise. */
  values(text: string): string;
  /** A plain JSON copy, bounded in depth and width, without secrets. Never throws, whatever is handed in. */
  fields(fields: Record<string, unknown>): Record<string, unknown>;
}

export const REDACTED = "[redacted]";

const MAX_DEPTH = 8;
const MAX_ITEMS = 100;
/** Longer text is cut before it is searched: no log line needs it. */
const MAX_TEXT = 32_768;
const CUT_MARGIN = 8_192;

const SECRET_KEY =
  /token|secret|passw|passphrase|passwd|pwd|api[-_ ]?key|apikey|access[-_ ]?key|private[-_ ]?key|signing[-_ ]?key|authori[sz]ation|^auth$|cookie|signature|bearer|x-api|webhook[-_ ]?url|database[-_ ]?url|connection[-_ ]?string|^otp$|^pin$/i;
/** Counts: `tokens`, `max_tokens`, `inputTokens`. */
const COUNT_KEY = /tokens$/i;

/** Shapes of credentials in running text. `$1` is what stays. Every one of them is linear: no nested repetition. */
const SHAPES: readonly [RegExp, string][] = [
  [/-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[^-]*(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----)?/g, REDACTED],
  [/\b((?:proxy-)?authorization["']?\s{0,4}[:=]\s{0,4}["']?(?:[A-Za-z][A-Za-z0-9_-]{0,30} +)?)[^\s"',;}]+/gi, `$1${REDACTED}`],
  [/\b((?:set-)?cookie["']?\s{0,4}[:=]\s{0,4}["']?)[^\r\n"]+/gi, `$1${REDACTED}`],
  [/\b((?:bearer|basic|token|apikey) +)[A-Za-z0-9+/_.~:=-]{8,}/gi, `$1${REDACTED}`],
  [
    /((?:token|secret|passw(?:or)?d|passphrase|passwd|pwd|api[-_]?key|access[-_]?key|private[-_]?key|signature|credential|(?<![a-z])(?:auth|key|sig))\\?["']?\s{0,4}[:=]\s{0,4}\\?["']?)(?!\[redacted\]|\[secret )[^\s"'\\&,;<>(){}[\]]{3,}/gi,
    `$1${REDACTED}`,
  ],
  [/(\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/?#@:]{0,200}:)[^\s/?#@]{1,1000}(?=@)/gi, `$1${REDACTED}`],
  [/(\/bot)\d{1,20}:[A-Za-z0-9_-]{5,}/g, `$1${REDACTED}`],
  [/\b\d{5,15}:[A-Za-z0-9_-]{30,}/g, REDACTED],
  [/\b(?:sk|rk|pk)[-_][A-Za-z0-9_-]{16,}/g, REDACTED],
  [/\b(?:xai|gsk|ghp|gho|ghs|ghu|github_pat|glpat|xox[abeprs]|xapp|AKIA|AIza|ya29\.|npm_|hf_)[-_A-Za-z0-9.]{12,}/g, REDACTED],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g, REDACTED],
];

/** @param secrets those that are known now; more come with `add` (a reload, `secrets set`). */
export function createRedactor(secrets: readonly Secret[] = []): Redactor {
  const needles = createNeedles();
  const add = (secret: Secret) => {
    const value = secret.reveal();
    if (value.length >= SHORTEST_NEEDLE) for (const form of secretForms(value)) needles.add(form);
  };
  for (const secret of secrets) add(secret);

  const text = (raw: string): string => {
    const cut = raw.length > MAX_TEXT ? raw.slice(0, MAX_TEXT) : raw;
    let clean = needles.replace(cut, REDACTED);
    // The cut may have gone through a secret: its half stands in the part that goes as well.
    if (raw.length > MAX_TEXT) clean = `${clean.slice(0, -CUT_MARGIN)}…`;
    for (const [shape, replacement] of SHAPES) clean = clean.replace(shape, replacement);
    return clean;
  };

  return { add, text, values: (raw) => needles.replace(raw, REDACTED), fields: (fields) => copyRecord(fields, { text, seen: new Set() }, 0) };
}

interface Copying {
  readonly text: (text: string) => string;
  readonly seen: Set<object>;
}

function copyRecord(record: object, copying: Copying, depth: number): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  let keys: string[];
  try {
    keys = Object.keys(record);
  } catch {
    return { unreadable: true };
  }
  for (const key of keys.slice(0, MAX_ITEMS)) {
    let value: unknown;
    try {
      value = (record as Record<string, unknown>)[key];
    } catch {
      value = "[unreadable]";
    }
    if (value === undefined || typeof value === "function") continue;
    // defineProperty: a key called __proto__ stays a key.
    Object.defineProperty(copy, copying.text(key.slice(0, 200)), {
      value: copyEntry(key, value, copying, depth),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  if (keys.length > MAX_ITEMS) copy["more"] = keys.length - MAX_ITEMS;
  return copy;
}

function copyEntry(key: string, value: unknown, copying: Copying, depth: number): unknown {
  if (!SECRET_KEY.test(key) || value === null || value === "" || value instanceof Secret) return copyValue(value, copying, depth + 1);
  if (typeof value === "boolean" || (COUNT_KEY.test(key) && typeof value === "number")) return value;
  return REDACTED;
}

function copyValue(value: unknown, copying: Copying, depth: number): unknown {
  if (typeof value === "string") return copying.text(value);
  if (typeof value === "bigint" || typeof value === "symbol") return copying.text(String(value));
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value !== "object" || value === null) return typeof value === "function" ? undefined : value;
  if (value instanceof Secret) return value.toString();
  if (copying.seen.has(value)) return "[circular]";
  if (depth > MAX_DEPTH) return "[deep]";
  copying.seen.add(value);
  try {
    return copyObject(value, copying, depth);
  } catch {
    return "[unreadable]";
  } finally {
    copying.seen.delete(value);
  }
}

function copyObject(value: object, copying: Copying, depth: number): unknown {
  if (value instanceof Error) return copyError(value, copying, depth);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "invalid date" : value.toISOString();
  if (value instanceof URL || value instanceof RegExp) return copying.text(String(value));
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return copyList(value, copying, depth);
  if (value instanceof Set) return copyList([...value], copying, depth);
  if (value instanceof Headers || value instanceof Map) return copyRecord(Object.fromEntries(value), copying, depth);
  if ("toJSON" in value && typeof value.toJSON === "function") return copyValue(value.toJSON(), copying, depth + 1);
  return copyRecord(value, copying, depth);
}

function copyList(list: readonly unknown[], copying: Copying, depth: number): unknown[] {
  const copy = list.slice(0, MAX_ITEMS).map((item, index) => {
    // Header lists: ["authorization", "Bearer ..."]. Keys of the config (gateway.auth.token) have dots, counts are no secrets.
    const before = list[index - 1];
    return typeof before === "string" &&
      before.length < 40 &&
      !before.includes(".") &&
      !COUNT_KEY.test(before) &&
      SECRET_KEY.test(before) &&
      typeof item === "string"
      ? REDACTED
      : copyValue(item, copying, depth + 1);
  });
  if (list.length > MAX_ITEMS) copy.push(`[${list.length - MAX_ITEMS} more]`);
  return copy;
}

function copyError(error: Error, copying: Copying, depth: number): Record<string, unknown> {
  const copy: Record<string, unknown> = { name: copying.text(error.name), message: copying.text(error.message) };
  if (error instanceof ClankerError && error.hint !== undefined) copy["hint"] = copying.text(error.hint);
  if (typeof error.stack === "string") copy["stack"] = copying.text(error.stack);
  // Node puts errno, code, syscall and the like there; other fields are the thrower's own and pass like any other field.
  Object.assign(copy, copyRecord(error, copying, depth));
  if (error.cause !== undefined) copy["cause"] = copyValue(error.cause, copying, depth + 1);
  if (error instanceof AggregateError) copy["errors"] = copyList(error.errors, copying, depth + 1);
  return copy;
}

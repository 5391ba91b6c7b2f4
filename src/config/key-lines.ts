import { formatPath, type ConfigPath } from "./config-path.ts";

/** Line (from 1) of every key and array item of a text, by formatted path. */
export type KeyLines = ReadonlyMap<string, number>;

/** A place in a text; reading moves it forward. */
interface Cursor {
  readonly text: string;
  at: number;
  readonly lines: Map<string, number>;
  comments: boolean;
  /** Offsets where lines begin, to find a line by bisection. */
  readonly starts: readonly number[];
}

function startAt(text: string): Cursor {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return { text, at: 0, lines: new Map(), comments: false, starts };
}

export function lineAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (starts[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return low + 1;
}

function note(cursor: Cursor, path: ConfigPath, offset = cursor.at): void {
  const key = formatPath(path);
  if (!cursor.lines.has(key)) cursor.lines.set(key, lineAt(cursor.starts, offset));
}

/** Lines of a TOML text that the parser has accepted. */
export function tomlKeyLines(text: string): KeyLines {
  const cursor = startAt(text);
  const arrays = new Map<string, number>();
  let table: ConfigPath = [];
  for (skipToml(cursor, true); cursor.at < text.length; skipToml(cursor, true)) {
    const start = cursor.at;
    if (text[start] === "[") {
      const many = text[start + 1] === "[";
      cursor.at += many ? 2 : 1;
      table = withItems(readTomlKey(cursor), many, arrays);
      for (let length = 1; length <= table.length; length++) note(cursor, table.slice(0, length), start);
      cursor.at = text.indexOf("]", cursor.at) + (many ? 2 : 1);
    } else readTomlPair(cursor, table);
    if (cursor.at <= start) break;
  }
  return cursor.lines;
}

/** `[[a.b]]` is the next item of a.b; `[a.b.c]` below it belongs to its newest item. */
function withItems(keys: readonly string[], many: boolean, arrays: Map<string, number>): ConfigPath {
  const path: (string | number)[] = [];
  for (const [index, key] of keys.entries()) {
    path.push(key);
    const name = formatPath(path);
    if (many && index === keys.length - 1) arrays.set(name, (arrays.get(name) ?? -1) + 1);
    const item = arrays.get(name);
    if (item !== undefined) path.push(item);
  }
  return path;
}

function readTomlPair(cursor: Cursor, table: ConfigPath): void {
  const start = cursor.at;
  const path = [...table, ...readTomlKey(cursor)];
  for (let length = table.length + 1; length <= path.length; length++) note(cursor, path.slice(0, length), start);
  skipToml(cursor, false);
  if (cursor.text[cursor.at] === "=") cursor.at++;
  skipToml(cursor, false);
  readTomlValue(cursor, path);
}

function readTomlKey(cursor: Cursor): string[] {
  const keys: string[] = [];
  for (;;) {
    skipToml(cursor, false);
    const quote = cursor.text[cursor.at];
    if (quote === '"' || quote === "'") keys.push(readQuoted(cursor, quote, quote === "'"));
    else {
      const bare = /[^\s.=\]]+/y;
      bare.lastIndex = cursor.at;
      const match = bare.exec(cursor.text);
      if (match === null) return keys;
      keys.push(match[0]);
      cursor.at = bare.lastIndex;
    }
    skipToml(cursor, false);
    if (cursor.text[cursor.at] !== ".") return keys;
    cursor.at++;
  }
}

function readTomlValue(cursor: Cursor, path: ConfigPath): void {
  const { text } = cursor;
  const first = text[cursor.at];
  if (first === "[" || first === "{") {
    const close = first === "[" ? "]" : "}";
    cursor.at++;
    for (let item = 0; ; item++) {
      skipToml(cursor, true, ",");
      if (cursor.at >= text.length) return;
      if (text[cursor.at] === close) return void cursor.at++;
      if (first === "{") readTomlPair(cursor, path);
      else {
        note(cursor, [...path, item]);
        readTomlValue(cursor, [...path, item]);
      }
    }
  }
  const triple = text.slice(cursor.at, cursor.at + 3);
  if (triple === '"""' || triple === "'''") skipTriple(cursor, triple);
  else if (first === '"' || first === "'") readQuoted(cursor, first, first === "'");
  else {
    const rest = /[^,\]}\n#]*/y;
    rest.lastIndex = cursor.at;
    rest.exec(text);
    cursor.at = Math.max(rest.lastIndex, cursor.at);
  }
}

function skipTriple(cursor: Cursor, quotes: string): void {
  for (cursor.at += 3; cursor.at < cursor.text.length; cursor.at++) {
    if (quotes === '"""' && cursor.text[cursor.at] === "\\") cursor.at++;
    else if (cursor.text.startsWith(quotes, cursor.at)) {
      cursor.at += 3;
      // Up to two more quotes belong to the text and stand before the closing ones.
      while (cursor.text[cursor.at] === quotes[0]) cursor.at++;
      return;
    }
  }
}

/** A quoted text; escapes are undone as far as JSON knows them. `literal`: a backslash is only a backslash (TOML's single quotes). */
function readQuoted(cursor: Cursor, quote: string, literal = false): string {
  const start = cursor.at + 1;
  let end = start;
  while (end < cursor.text.length && cursor.text[end] !== quote) end += cursor.text[end] === "\\" && !literal ? 2 : 1;
  cursor.at = end + 1;
  const body = cursor.text.slice(start, end);
  if (literal || !body.includes("\\")) return body;
  try {
    return JSON.parse(`"${body}"`) as string;
  } catch {
    return body;
  }
}

function skipToml(cursor: Cursor, newlines: boolean, also = ""): void {
  for (; cursor.at < cursor.text.length; cursor.at++) {
    const char = cursor.text[cursor.at]!;
    if (char === "#" && newlines) {
      cursor.comments = true;
      const end = cursor.text.indexOf("\n", cursor.at);
      cursor.at = end === -1 ? cursor.text.length : end;
    } else if (!(char === " " || char === "\t" || char === "\uFEFF" || (char !== "" && also.includes(char)) || (newlines && (char === "\n" || char === "\r"))))
      return;
  }
}

/** Lines of a JSON or JSON5 text that the parser has accepted, and whether it has comments. */
export function jsonKeyLines(text: string): { lines: KeyLines; comments: boolean } {
  const cursor = startAt(text);
  skipJson(cursor);
  readJsonValue(cursor, []);
  skipJson(cursor);
  return { lines: cursor.lines, comments: cursor.comments };
}

function readJsonValue(cursor: Cursor, path: ConfigPath): void {
  const { text } = cursor;
  const first = text[cursor.at];
  if (first === "'" || first === '"') return void readQuoted(cursor, first);
  if (first !== "{" && first !== "[") {
    while (cursor.at < text.length && !/[,\]}\s/]/.test(text[cursor.at]!)) cursor.at++;
    return;
  }
  cursor.at++;
  for (let item = 0; ; item++) {
    skipJson(cursor, ",");
    const char = text[cursor.at];
    if (char === undefined) return;
    if (char === "}" || char === "]") return void cursor.at++;
    const start = cursor.at;
    const inner = first === "[" ? [...path, item] : [...path, readJsonKey(cursor)];
    note(cursor, inner, start);
    skipJson(cursor, ":");
    readJsonValue(cursor, inner);
    if (cursor.at <= start) return;
  }
}

function readJsonKey(cursor: Cursor): string {
  const first = cursor.text[cursor.at];
  if (first === "'" || first === '"') return readQuoted(cursor, first);
  const start = cursor.at;
  while (cursor.at < cursor.text.length && !/[\s:/]/.test(cursor.text[cursor.at]!)) cursor.at++;
  return cursor.text.slice(start, cursor.at);
}

function skipJson(cursor: Cursor, also = ""): void {
  const { text } = cursor;
  while (cursor.at < text.length) {
    const two = text.slice(cursor.at, cursor.at + 2);
    if (two === "//" || two === "/*") {
      cursor.comments = true;
      const end = two === "//" ? text.indexOf("\n", cursor.at) : text.indexOf("*/", cursor.at + 2) + 2;
      cursor.at = end <= cursor.at ? text.length : end;
    } else if (/[\s\uFEFF]/.test(text[cursor.at]!) || also.includes(text[cursor.at]!)) cursor.at++;
    else return;
  }
}

/** One line of the protocol (RFC 2812 section 2.3.1, IRCv3 message-tags). Pure. */

export interface IrcLine {
  readonly tags: ReadonlyMap<string, string>;
  /** `nick!user@host`, or a server's name. */
  readonly prefix: string;
  /** Upper case, or three digits. */
  readonly command: string;
  readonly params: readonly string[];
}

/** @returns undefined for what is no line. */
export function parseLine(text: string): IrcLine | undefined {
  const match = /^(?:@([^ ]*) +)?(?::([^ ]*) +)?([A-Za-z]+|\d{3})((?: .*)?)$/.exec(text);
  if (match === null) return undefined;
  const [, tags = "", prefix = "", command = "", rest = ""] = match;
  return { tags: parseTags(tags), prefix, command: command.toUpperCase(), params: parseParams(rest) };
}

function parseParams(rest: string): string[] {
  const params: string[] = [];
  let left = rest.trimStart();
  while (left !== "") {
    if (left.startsWith(":")) return [...params, left.slice(1)];
    const space = left.indexOf(" ");
    if (space < 0) return [...params, left];
    params.push(left.slice(0, space));
    left = left.slice(space).trimStart();
  }
  // A last parameter of blanks alone is written with a colon; without one there is none.
  return params;
}

const UNESCAPED: Readonly<Record<string, string>> = { ":": ";", s: " ", "\\": "\\", r: "\r", n: "\n" };

function parseTags(text: string): Map<string, string> {
  const tags = new Map<string, string>();
  if (text === "") return tags;
  for (const tag of text.split(";")) {
    const equals = tag.indexOf("=");
    const name = equals < 0 ? tag : tag.slice(0, equals);
    const value = equals < 0 ? "" : tag.slice(equals + 1);
    tags.set(
      name,
      value.replace(/\\(.?)/g, (_, character: string) => UNESCAPED[character] ?? character),
    );
  }
  return tags;
}

/** A line with tags may have 8191 bytes of them and 512 of the rest; what is longer is none. */
const MAX_LINE_BYTES = 16_384;

/** The lines of a stream. Text that is not UTF-8 is read as Latin-1, as old clients write it. */
export async function* readLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  let rest = new Uint8Array(0);
  for await (const chunk of bytes) {
    const joined = new Uint8Array(rest.length + chunk.length);
    joined.set(rest);
    joined.set(chunk, rest.length);
    let from = 0;
    for (let end = joined.indexOf(10, from); end >= 0; end = joined.indexOf(10, from)) {
      const line = decode(joined.subarray(from, end > from && joined[end - 1] === 13 ? end - 1 : end));
      from = end + 1;
      if (line !== "") yield line;
    }
    rest = joined.slice(from);
    // Nobody who speaks IRC sends that; it must not fill the memory.
    if (rest.length > MAX_LINE_BYTES) return;
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return new TextDecoder("latin1").decode(bytes);
  }
}

/** `nick!user@host` taken apart; a server's name has neither user nor host. */
export function parsePrefix(prefix: string): { readonly nick: string; readonly userHost: string } {
  const bang = prefix.indexOf("!");
  return bang < 0 ? { nick: prefix, userHost: "" } : { nick: prefix.slice(0, bang), userHost: prefix.slice(bang + 1) };
}

/** How a server compares names (RPL_ISUPPORT, CASEMAPPING): `rfc1459` also holds {}|~ and []\^ for the same letters. */
export function foldName(name: string, mapping = "rfc1459"): string {
  const lower = name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  if (mapping === "ascii") return lower;
  const strict = lower.replace(/[[\]\\]/g, (letter) => ({ "[": "{", "]": "}", "\\": "|" })[letter]!);
  return mapping === "rfc1459-strict" ? strict : strict.replaceAll("^", "~");
}

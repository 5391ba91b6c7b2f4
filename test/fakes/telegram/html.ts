/** Telegram's HTML as its server reads it (Bot API, "HTML style"): the same text, entities and complaints. */
export interface ParsedText {
  readonly text: string;
  readonly entities: { type: string; offset: number; length: number; url?: string; language?: string }[];
}

export class EntityError extends Error {}

const TAGS: Record<string, string> = {
  b: "bold",
  strong: "bold",
  i: "italic",
  em: "italic",
  u: "underline",
  ins: "underline",
  s: "strikethrough",
  strike: "strikethrough",
  del: "strikethrough",
  code: "code",
  pre: "pre",
  a: "text_link",
  blockquote: "blockquote",
  "tg-spoiler": "spoiler",
  span: "spoiler",
};

/** @throws EntityError with Telegram's wording after "can't parse entities: ". */
export function parseHtml(html: string): ParsedText {
  const entities: ParsedText["entities"] = [];
  const open: { tag: string; at: number; attributes: string }[] = [];
  let text = "";
  let i = 0;
  while (i < html.length) {
    const character = html[i]!;
    if (character === "&") {
      const reference = /^&(lt|gt|amp|quot|#\d{1,7}|#x[0-9a-f]{1,6});/i.exec(html.slice(i, i + 12));
      if (reference === null) {
        text += "&";
        i += 1;
      } else {
        text += decode(reference[1]!);
        i += reference[0].length;
      }
    } else if (character === "<") {
      const tag = /^<(\/?)([a-zA-Z-]+)((?:\s+[a-zA-Z-]+(?:=(?:"[^"]*"|'[^']*'|[^\s>]*))?)*)\s*>/.exec(html.slice(i));
      if (tag === null) throw new EntityError(`Unsupported start tag "${html.slice(i + 1, i + 10)}" at byte offset ${Buffer.byteLength(html.slice(0, i))}`);
      const name = tag[2]!.toLowerCase();
      if (TAGS[name] === undefined) throw new EntityError(`Unsupported start tag "${name}" at byte offset ${Buffer.byteLength(html.slice(0, i))}`);
      if (tag[1] === "") {
        if (name === "blockquote" && open.some((one) => one.tag === "blockquote")) throw new EntityError("Nested blockquote entities are not allowed");
        open.push({ tag: name, at: text.length, attributes: tag[3]! });
      } else {
        const last = open.pop();
        if (last?.tag !== name)
          throw new EntityError(
            `Unmatched end tag at byte offset ${Buffer.byteLength(html.slice(0, i))}, expected "</${last?.tag ?? ""}>", found "</${name}>"`,
          );
        if (text.length > last.at) entities.push(entity(last, text.length));
      }
      i += tag[0].length;
    } else {
      text += character;
      i += 1;
    }
  }
  if (open.length > 0) throw new EntityError(`Can't find end tag corresponding to start tag "${open.at(-1)!.tag}"`);
  return { text, entities };
}

function entity(open: { tag: string; at: number; attributes: string }, end: number): ParsedText["entities"][number] {
  const base = { type: TAGS[open.tag]!, offset: open.at, length: end - open.at };
  const url = /href="([^"]*)"/.exec(open.attributes)?.[1];
  const language = /class="language-([^"]*)"/.exec(open.attributes)?.[1];
  return { ...base, ...(url === undefined ? {} : { url: parseHtml(url).text }), ...(language === undefined ? {} : { language }) };
}

function decode(name: string): string {
  const named: Record<string, string> = { lt: "<", gt: ">", amp: "&", quot: '"' };
  if (!name.startsWith("#")) return named[name.toLowerCase()]!;
  return String.fromCodePoint(/^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1)));
}

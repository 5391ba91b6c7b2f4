/**
 * What a turn that has read strangers' text and private data may write into links. A link is a letter to whoever owns its host: a preview, a click or a name look-up
 * carries whatever was put into it (sec-88). So such a context keeps only links that stood word for word in trusted input; the others stay readable and lead nowhere.
 */
import type { Entry } from "../core/entry.ts";
import type { Confidentiality, Label } from "../core/label.ts";
import { messageText } from "../core/message.ts";

/** Whether links of this context are looked at: written under the influence of outsiders, with something in it that they do not know. */
export function needsProvenance({ integrity, confidentiality }: Label): boolean {
  return (integrity === "EXTERNAL" || integrity === "GUEST") && isPrivate(confidentiality);
}

function isPrivate(confidentiality: Confidentiality): boolean {
  return confidentiality === "PRIVATE" || confidentiality === "SECRET";
}

/** Top-level domains that are file extensions first in most people's sentences: two words with one of them are taken for a file. */
const FILE_LIKE = new Set(["md", "py", "rs", "sh", "pl", "zip", "mov", "cc", "so", "ps"]);
/** Not given out as top-level domains, so nobody makes a link of them. */
const FILES = new Set(
  "ts tsx js jsx mjs cjs json jsonl txt toml yaml yml html htm css scss xml csv tsv pdf png jpg jpeg gif webp svg mp3 mp4 wav ogg log lock conf ini env sql db sqlite java kt go c h cpp hpp rb php swift gz tar tgz deb exe dll bat doc docx xls xlsx ppt pptx odt".split(
    " ",
  ),
);

const DOT = "(?:\\\\?[.\\u3002\\uFF0E\\uFF61])";
const LABEL = "[\\p{L}\\p{N}](?:[\\p{L}\\p{N}_-]{0,61}[\\p{L}\\p{N}])?";
const REST = "[^\\s<>\"'`|]*";
/** `scheme://...`, with the backslashes and slashes that markdown and browsers forgive. */
const WITH_SCHEME = `(?<scheme>[a-z][a-z0-9+.-]{0,30})\\\\?:(?:\\\\?[/\\\\]){2}(?<rest>${REST})`;
const SHORT_SCHEME = `(?<short>mailto|tel|sms|tg|whatsapp|skype|facetime|xmpp|sip|sips|geo|magnet|data|javascript|vbscript|callto|intent|matrix|im|bitcoin)\\\\?:(?=\\S)(?<opaque>${REST})`;
/** Markdown makes a link of whatever follows `www.` (GFM, "Autolinks"). */
const WWW = `(?<www>www${DOT}[^\\s<>"'\`|]+)`;
const TAIL = `(?:[/?#]${REST}|:[^\\s<>"'\`|]+)?`;
/** A host without a scheme: messengers make links of them. */
const BARE = `(?<![\\p{L}\\p{N}@.\\\\/-])(?<host>(?:${LABEL}${DOT}){1,20}(?<tld>\\p{L}{2,24}|xn--[a-z0-9-]{1,59})|\\d{1,3}(?:\\.\\d{1,3}){3}(?=[/:]))(?![\\p{L}\\p{N}_-])(?<tail>${TAIL})`;
const LINKS = new RegExp(`${WITH_SCHEME}|\\b${SHORT_SCHEME}|${WWW}|${BARE}`, "giu");

/** Every link of a text as it is written there. */
export function linksOf(text: string): string[] {
  return [...decodeReferences(text).matchAll(LINKS)].filter((match) => !isFile(match.groups!)).map(([link]) => trimLink(link).replaceAll("\\", ""));
}

/** The links of what the owner and trusted people wrote in a session. Quotes are somebody else's words, whoever sends them. */
export function trustedLinks(entries: readonly Pick<Entry, "content" | "label">[]): Set<string> {
  const isTrusted = ({ integrity }: Label) => integrity === "OWNER" || integrity === "TRUSTED";
  return new Set(entries.flatMap(({ content, label }) => (content.role === "user" && isTrusted(label) ? linksOf(messageText(content.message)) : [])));
}

export interface Provenance {
  /** Of the context that the text was written in. */
  readonly label: Label;
  /** Links that stood in trusted input, from `trustedLinks`. */
  readonly trusted: ReadonlySet<string>;
}

/**
 * The text with every link that is not trusted defanged (`hxxps://evil[.]example/...`): it can be read, and no client makes a link of it. Other contexts' texts are
 * left as they are. Pure.
 */
export function defangLinks(text: string, { label, trusted }: Provenance): string {
  if (!needsProvenance(label)) return text;
  return decodeReferences(text).replace(LINKS, (...args) => {
    const link = args[0] as string;
    const groups = args.at(-1) as Record<string, string | undefined>;
    const kept = trimLink(link);
    if (isFile(groups) || trusted.has(kept.replaceAll("\\", ""))) return link;
    // Brackets of ours before a parenthesis would be a link of markdown.
    return defang(link, groups).replaceAll(/\[([.:])\]\(/g, "[$1] (");
  });
}

function defang(link: string, { scheme, rest, short, opaque, www, host, tail = "" }: Record<string, string | undefined>): string {
  // hxxp is what an earlier look has left.
  if (scheme !== undefined)
    return (/^h(tt|xx)ps?$/i.test(scheme) ? `${scheme.toLowerCase().replace("tt", "xx")}://` : `${broken(scheme)}[:]//`) + broken(rest ?? "");
  if (short !== undefined) return `${short}[:]${broken(opaque ?? "")}`;
  if (www !== undefined) return broken(www);
  if (host === undefined) return link;
  return broken(host) + (/^:(?!\d)/.test(tail) ? `[:]${broken(tail.slice(1))}` : broken(tail));
}

/** No dot and no colon that joins, wherever it stands: a second link inside the first one's path must not be left when the first one is broken. */
function broken(text: string): string {
  return text.replaceAll(/\\?[.\u3002\uFF0E\uFF61](?=[^\s\]])/g, "[.]").replaceAll(/(?<=[a-z0-9+.\]-])\\?:(?=[^\s\]\d])/gi, "[:]");
}

function isFile({ host, tld, tail }: Record<string, string | undefined>): boolean {
  if (host === undefined || tld === undefined) return false;
  const end = tld.toLowerCase();
  if (FILES.has(end)) return true;
  return FILE_LIKE.has(end) && tail === "" && host.split(".").length === 2;
}

/** Punctuation that ends the sentence, and brackets that were opened before the link, are not part of it. */
function trimLink(link: string): string {
  let end = link.length;
  for (;;) {
    const last = link[end - 1] ?? "";
    if (/[.,;:!?*_~\]}]/.test(last)) end -= 1;
    else if (last === ")" && count(link, "(", end) < count(link, ")", end)) end -= 1;
    else return link.slice(0, end);
  }
}

function count(text: string, character: string, end: number): number {
  let found = 0;
  for (let at = 0; at < end; at++) if (text[at] === character) found += 1;
  return found;
}

const NAMED: Readonly<Record<string, string>> = {
  colon: ":",
  sol: "/",
  period: ".",
  bsol: "\\",
  quest: "?",
  num: "#",
  commat: "@",
  amp: "&",
  lowbar: "_",
  hyphen: "-",
};

/** Markdown reads `https&#58;//` as a link (CommonMark 0.31 section 2.5), so what is looked at is what it reads. References to anything else stay. */
function decodeReferences(text: string): string {
  return text.replaceAll(/&(?:([a-z]{3,6})|#0*(\d{2,3})|#x0*([0-9a-f]{2}));/gi, (whole, name?: string, decimal?: string, hex?: string) => {
    if (name !== undefined) return NAMED[name.toLowerCase()] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex!, 16) : Number(decimal);
    return code > 0x20 && code < 0x7f && code !== 0x3c && code !== 0x3e ? String.fromCodePoint(code) : whole;
  });
}

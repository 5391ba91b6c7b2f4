import type { UntrustedResponse } from "../../core/http.ts";

export type PageKind = "html" | "text" | "other";

/** What a response says it is: media type in lower case without parameters. */
export function typeOf(response: UntrustedResponse): string {
  return (response.headers["content-type"] ?? "").split(";", 1)[0]!.trim().toLowerCase();
}

/** HTML is made readable, other text is shown as it is, everything else is none. A response that names no type is looked at. */
export function kindOf(response: UntrustedResponse): PageKind {
  const type = typeOf(response);
  if (type === "text/html" || type === "application/xhtml+xml") return "html";
  if (/^text\/|^application\/(json|xml|javascript|ecmascript|x-ndjson|yaml|x-yaml|toml|sql|graphql|x-sh|rtf)$|\+(json|xml|yaml)$/.test(type)) return "text";
  if (type !== "" && type !== "application/octet-stream") return "other";
  const head = response.bytes.subarray(0, 1_024);
  if (head.includes(0)) return "other";
  return /^\s*(<!doctype html|<html|<head|<body)/i.test(new TextDecoder("latin1").decode(head)) ? "html" : "text";
}

/** The body as text: by its byte order mark, else the header's charset, else what the HTML says of itself, else UTF-8 (WHATWG HTML, encoding sniffing). */
export function decodeBody(response: UntrustedResponse): string {
  const { bytes } = response;
  const declared = /charset\s*=\s*"?([^\s";]+)/i.exec(response.headers["content-type"] ?? "")?.[1];
  const inside = () => /<meta[^>]{0,200}charset\s*=\s*["']?([^\s"'/>;]+)/i.exec(new TextDecoder("latin1").decode(bytes.subarray(0, 2_048)))?.[1];
  const marked = bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : undefined;
  return decoder(marked ?? declared ?? inside() ?? "utf-8").decode(bytes);
}

function decoder(charset: string): TextDecoder {
  try {
    return new TextDecoder(charset);
  } catch {
    // A charset that does not exist.
    return new TextDecoder();
  }
}

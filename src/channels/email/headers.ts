/** The header fields of a mail (RFC 5322 section 2.2): by lower-case name, each in the order they stand, unfolded. */
export type Headers = ReadonlyMap<string, readonly string[]>;

export function parseHeaders(raw: Uint8Array): Headers {
  const headers = new Map<string, string[]>();
  const text = new TextDecoder("utf-8").decode(raw).replace(/\r?\n[ \t]+/g, " ");
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  return headers;
}

/** The `<...>` ids of a field, in order (RFC 5322 section 3.6.4). */
export function messageIds(value: string | undefined): string[] {
  return value?.match(/<[^<>\s]{1,900}>/g) ?? [];
}

/**
 * Whether our own server found that this mail's From domain stands behind it (RFC 8601, RFC 7489). Only the topmost Authentication-Results counts, and only if it bears
 * our server's name: whatever stands below it the sender may have written.
 * @param authservId `mx.example.org`, or `*.example.org` for any one label before it: large providers have several servers, each with its own name
 */
export function hasDmarcPass(headers: Headers, { authservId, domain }: { authservId: string; domain: string }): boolean {
  const [newest] = headers.get("authentication-results") ?? [];
  if (newest === undefined || domain === "") return false;
  const [id = "", ...results] = withoutComments(newest).split(";");
  if (!isServer(id.trim().split(/\s+/)[0]!.toLowerCase(), authservId.toLowerCase())) return false;
  return results.some((result) => {
    const words = result.trim().toLowerCase();
    if (!/^dmarc\s*=\s*pass\b/.test(words)) return false;
    return /\bheader\.from\s*=\s*"?([^\s";]+)/.exec(words)?.[1] === domain.toLowerCase();
  });
}

function isServer(name: string, wanted: string): boolean {
  if (!wanted.startsWith("*.")) return name === wanted;
  const label = name.slice(0, -wanted.length + 1);
  return name.endsWith(wanted.slice(1)) && /^[a-z0-9-]+$/.test(label);
}

function withoutComments(text: string): string {
  let plain = text;
  for (let before = ""; before !== plain;) {
    before = plain;
    plain = plain.replace(/\([^()]*\)/g, " ");
  }
  return plain;
}

/**
 * Mail that no person waits for an answer to (RFC 3834 section 2): lists, automatic answers, bounces. Answering them makes loops.
 * @returns why, or nothing for a person's mail.
 */
export function automatic(headers: Headers): string | undefined {
  const first = (name: string) => headers.get(name)?.[0]?.toLowerCase() ?? "";
  if (headers.has("auto-submitted") && !/^no\b/.test(first("auto-submitted"))) return "auto-submitted";
  if (/^(bulk|list|junk)\b/.test(first("precedence"))) return "precedence";
  if (headers.has("list-id") || headers.has("list-post") || headers.has("list-unsubscribe")) return "list";
  if (first("return-path") === "<>") return "bounce";
  if (/^multipart\/report\b/.test(first("content-type"))) return "report";
  if (headers.has("x-autoreply") || headers.has("x-autorespond") || headers.has("x-auto-response-suppress")) return "auto-response";
  return undefined;
}

/** Addresses at which nobody reads. */
export function isMachine(address: string): boolean {
  return /^(mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?([+-].*)?)@/i.test(address);
}

/** Files: put to the place our own server names (XEP-0363), and got from the addresses that people send (XEP-0066). */
import { MAX_BLOB_BYTES } from "../../core/blobs.ts";
import type { FetchedMedia } from "../../core/channel.ts";
import { ChannelError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";
import type { Media } from "../../core/message.ts";
import type { XmppAccount } from "./account.ts";
import { NS } from "./ns.ts";
import { offline } from "./unconfirmed.ts";
import { XmppTrouble } from "./trouble.ts";

const UPLOAD_TIMEOUT_MS = 120_000;
/** Section 5: of what the slot asks for nothing else is sent. */
const SLOT_HEADERS = new Set(["authorization", "cookie", "expires"]);

/** Stores a file at our server. @returns its address, which is all that anybody needs to get it. @throws ChannelError */
export async function upload(account: XmppAccount, media: Media, signal: AbortSignal): Promise<string> {
  const { deps, session, uploads } = account;
  const blob = media.blob === undefined ? undefined : await deps.blobs.get(media.blob);
  if (blob === undefined) throw new ChannelError("blob_missing", `the file ${media.blob} is not stored any more`, "permanent", { hint: "Make it again" });
  if (session?.ready !== true) throw offline();
  if (uploads === undefined)
    throw new ChannelError("xmpp_no_upload", "the server takes no files (XEP-0363)", "permanent", { hint: "Its operator can switch on HTTP file upload" });
  if (blob.bytes.length > uploads.maxBytes)
    throw new ChannelError("xmpp_file_too_big", `the server takes files of up to ${uploads.maxBytes} bytes`, "permanent", { hint: "Send a smaller file" });
  const name = (media.name ?? blob.name ?? "file").replace(/[/\\\p{Cc}]/gu, "_").slice(0, 120);
  const request = session.xml("request", { xmlns: NS.upload, filename: name, size: String(blob.bytes.length), "content-type": blob.type });
  try {
    const slot = (await session.ask("get", request, uploads.service)).getChild("slot", NS.upload);
    const put = slot?.getChild("put", NS.upload);
    const target = allowed(account, put?.attrs["url"]);
    const address = slot?.getChild("get", NS.upload)?.attrs["url"];
    if (target === undefined || address === undefined || !/^https?:\/\//.test(address))
      throw new ChannelError("xmpp_upload_refused", "the server named no safe place for the file", "permanent", {
        hint: "Its upload address needs https; a private one goes into channels.xmpp.upload_origin",
      });
    const headers: Record<string, string> = { "content-type": blob.type };
    for (const header of put!.getChildren("header", NS.upload)) {
      const field = (header.attrs["name"] ?? "").toLowerCase();
      if (SLOT_HEADERS.has(field)) headers[field] = header.text().replace(/[\r\n]/g, "");
    }
    const answer = await deps.http.request(
      { baseUrl: target.origin },
      { method: "PUT", path: target.pathname + target.search, headers, body: blob.bytes, signal, timeoutMs: UPLOAD_TIMEOUT_MS },
    );
    await answer.text();
    if (answer.status < 200 || answer.status >= 300)
      throw new ChannelError(
        "xmpp_upload_refused",
        `the upload was answered ${answer.status}`,
        answer.status >= 500 || answer.status === 429 ? "retry" : "permanent",
        {
          hint: "The server's file upload says no",
        },
      );
    return address;
  } catch (error) {
    throw fileError(error);
  }
}

/** What somebody sent an address of. Our own server's files may lie on a private address, anybody else's may not. @throws ChannelError */
export async function download(account: XmppAccount, media: Media, signal: AbortSignal): Promise<FetchedMedia> {
  const { deps, config } = account;
  const url = URL.parse(media.ref ?? "");
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new ChannelError("xmpp_no_file", "the file has no address", "permanent", { hint: "Ask for the file again" });
  try {
    const own = config.upload_origin !== undefined && url.origin === new URL(config.upload_origin).origin;
    const answer = own
      ? await got(account, url, signal)
      : await deps.untrusted
          .getUntrusted({ url: url.href, signal, maxBytes: MAX_BLOB_BYTES })
          .then((found) => ({ ...found, type: found.headers["content-type"] }));
    if (answer.status === 403 || answer.status === 404 || answer.status === 410)
      throw new ChannelError("xmpp_no_file", `the file is not there (${answer.status})`, "permanent", { hint: "Ask for the file again" });
    if (answer.status !== 200) throw new ChannelError("xmpp_unreachable", `the file was answered ${answer.status}`, "retry");
    if (answer.cut) throw new ChannelError("xmpp_file_too_big", "the file is too big", "permanent", { hint: "Files of up to 20 MB can be fetched" });
    const type = (answer.type ?? "").split(";", 1)[0]!.trim().toLowerCase();
    return { bytes: answer.bytes, type: type === "" ? "application/octet-stream" : type, ...(media.name === undefined ? {} : { name: media.name }) };
  } catch (error) {
    throw fileError(error);
  }
}

async function got({ deps }: XmppAccount, url: URL, signal: AbortSignal) {
  const answer = await deps.http.request({ baseUrl: url.origin }, { path: url.pathname + url.search, signal });
  return { status: answer.status, type: answer.headers["content-type"], bytes: await answer.bytes(MAX_BLOB_BYTES), cut: false };
}

/** Where a file may be put: an address in TLS, or the very place the owner has named. */
function allowed({ config }: XmppAccount, address: string | undefined): URL | undefined {
  const url = URL.parse(address ?? "");
  if (url === null || url.username !== "" || url.password !== "") return undefined;
  if (config.upload_origin !== undefined && url.origin === new URL(config.upload_origin).origin) return url;
  return url.protocol === "https:" && config.upload_origin === undefined ? url : undefined;
}

function fileError(error: unknown): ChannelError {
  if (error instanceof ChannelError) return error;
  if (error instanceof HttpFailure) {
    if (error.kind === "too_large")
      return new ChannelError("xmpp_file_too_big", error.message, "permanent", { hint: "Files of up to 20 MB can be fetched", cause: error });
    if (error.kind === "refused")
      return new ChannelError("xmpp_upload_refused", error.message, "permanent", { hint: "The file lies where we may not go", cause: error });
    return new ChannelError("xmpp_unreachable", `the file's server did not answer: ${error.message}`, "retry", { cause: error });
  }
  if (error instanceof XmppTrouble) return new ChannelError("xmpp_unreachable", error.message, "retry", { cause: error });
  const { condition, type } = (error ?? {}) as { condition?: string; type?: string };
  // A quota or a full disk is over some time; a file type or size never (XEP-0363 section 8).
  const later = type === "wait";
  return new ChannelError("xmpp_upload_refused", `the server refuses the file: ${condition ?? String(error)}`, later ? "retry" : "permanent", {
    hint: "The server's file upload says no",
    ...(later ? { retryAfterMs: 60_000 } : {}),
  });
}

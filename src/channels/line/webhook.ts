/**
 * The first step of the hall: LINE posts events to the gateway, which mounts this handler. Always true: nothing is read that LINE has not signed, and 200 is answered
 * only after the rows are committed (P1); anything else makes LINE post the events again, where webhook redelivery is switched on.
 */
import { StoreError } from "../../core/errors.ts";
import type { Update } from "../../core/update.ts";
import { isHmac, keyOfText } from "../../lib/hmac/index.ts";
import { readBody } from "../../lib/read-body/index.ts";
import { type LineAccount, rememberQuote } from "./account.ts";
import { serveFile } from "./files.ts";
import { conversationOf, translate } from "./inbound.ts";
import type { WireCallback, WireEvent } from "./wire.ts";

const MAX_BODY_BYTES = 1_000_000;
const RETRY_AFTER_MS = 5_000;
/** Troubles that a post which arrives and is taken has ended. */
const ENDED = /^(store_|line_intake_failed$|line_webhook_)/;

/** @returns 200 taken, 400 no events, 401 not signed, 405, 413 too long, 503 try again; for a GET what `serveFile` answers. */
export async function receiveWebhook(account: LineAccount, request: Request): Promise<Response> {
  const { config, deps, health } = account;
  if (request.method === "GET" || request.method === "HEAD") return config.public_url === undefined ? answer(404) : serveFile(account, new URL(request.url));
  // Before the body is read: a stranger costs no memory (sec-107).
  const signature = signatureBytes(request.headers.get("x-line-signature"));
  if (signature === undefined) return answer(401);
  if (request.method !== "POST") return answer(405, { allow: "POST" });
  const body = await readBody(request, MAX_BODY_BYTES);
  if (body === undefined) return answer(413);
  if (!(await isHmac(keyOfText(config.channel_secret), new Uint8Array(body), signature))) return answer(401);
  const callback = parse(body);
  if (callback === undefined) return answer(400);
  if (account.me === undefined || health.status().state === "stopped") return unavailable(RETRY_AFTER_MS);
  if (callback.destination !== account.me) {
    deps.log.warn("line webhook: events for another bot", { destination: String(callback.destination).slice(0, 50) });
    return answer(400);
  }
  try {
    await admit(account, callback.events ?? []);
  } catch (error) {
    deps.log.warn("line webhook: events not taken", { error });
    const code = error instanceof StoreError ? error.code : "line_intake_failed";
    health.trouble("degraded", code, "events cannot be stored; LINE posts them again where webhook redelivery is switched on");
    return unavailable(error instanceof StoreError ? (error.retryAfterMs ?? RETRY_AFTER_MS) : RETRY_AFTER_MS);
  }
  const { state, code } = health.status();
  if (state === "ready" || ENDED.test(code ?? "")) health.alive();
  return answer(200);
}

/** HMAC-SHA256 of the body with the channel secret, base64 (Messaging API, "Verify webhook signature"). */
function signatureBytes(header: string | null): Uint8Array<ArrayBuffer> | undefined {
  if (header === null || !/^[A-Za-z0-9+/]{43}=$/.test(header)) return undefined;
  return Uint8Array.from(atob(header), (character) => character.charCodeAt(0));
}

/** @throws what `Intake.receive` throws: nothing was taken. */
async function admit(account: LineAccount, events: readonly WireEvent[]): Promise<void> {
  const { deps, config, health } = account;
  const updates = events.flatMap((event) => updatesOf(account, event));
  if (updates.length === 0) return;
  await deps.intake.receive(updates);
  health.heard();
  deps.metrics.count("channel_updates", { channel: "line", account: config.account }, updates.length);
}

function updatesOf(account: LineAccount, event: WireEvent): Update[] {
  try {
    const updates = translate(event, { account: account.config.account, sent: account.sent });
    if (updates.length > 0) remember(account, event);
    // The only place where an owner learns a group's id.
    if (event.type === "join") account.deps.log.info("line: invited into a group", { conversation: updates[0]?.address.conversation });
    return updates;
  } catch (error) {
    // One that no version of us knows must not hold up the others.
    if (!(error instanceof TypeError)) throw error;
    account.deps.log.warn("line event skipped: it could not be read", { type: String(event?.type).slice(0, 50), error });
    return [];
  }
}

/** Tokens are remembered before the commit, because the answer may be quick. One that is delivered again may have been used already. */
function remember(account: LineAccount, { source, replyToken, deliveryContext, message }: WireEvent): void {
  const conversation = conversationOf(source);
  if (conversation !== undefined && replyToken !== undefined && deliveryContext?.isRedelivery !== true) account.replies.offer(conversation, replyToken);
  if (message?.id !== undefined && message.quoteToken !== undefined) rememberQuote(account, message.id, message.quoteToken);
}

function parse(body: Uint8Array): WireCallback | undefined {
  try {
    const callback = JSON.parse(new TextDecoder().decode(body)) as WireCallback | null;
    return Array.isArray(callback?.events) && typeof callback.destination === "string" ? callback : undefined;
  } catch {
    return undefined;
  }
}

function answer(status: number, headers: Record<string, string> = {}): Response {
  return new Response(null, { status, headers });
}

function unavailable(retryAfterMs: number): Response {
  return answer(503, { "retry-after": String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) });
}

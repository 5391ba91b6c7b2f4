/**
 * The first step of the hall in mode cloud: Meta posts messages and statuses to the gateway, which mounts this handler. Always true: nothing is read that the app's
 * secret has not signed, and 200 is answered only after the rows are committed (P1); on anything else Meta posts it again, for up to seven days.
 */
import { StoreError } from "../../../core/errors.ts";
import type { Secret } from "../../../core/secret.ts";
import type { Update } from "../../../core/update.ts";
import { fromHex } from "../../../lib/hex/index.ts";
import { hmac, isHmac, keyOfText } from "../../../lib/hmac/index.ts";
import { readBody } from "../../../lib/read-body/index.ts";
import { type CloudAccount, wrote } from "./account.ts";
import { describeError } from "./api.ts";
import { messageUpdate } from "./inbound.ts";
import type { WirePost, WireStatus } from "./wire.ts";

/** Meta's posts have up to 3 MB (Webhooks, "Payloads"). */
const MAX_BODY_BYTES = 3_100_000;
const RETRY_AFTER_SECONDS = 5;
/** Meta tries for seven days; a signed post bears no time of its own, so what is far older was posted by somebody who had kept it. */
const MAX_AGE_MS = 10 * 24 * 3_600_000;

/** @returns 200 taken or the challenge, 400 not a post, 401 not signed, 403 another verify token, 405, 413 too long, 503 try again. */
export async function receivePost(account: CloudAccount, request: Request): Promise<Response> {
  const { config, deps, health } = account;
  if (request.method === "GET") return verify(config.verify_token, new URL(request.url).searchParams);
  // Before the body is read: a stranger costs no memory (sec-107).
  const signature = /^sha256=([0-9a-f]{64})$/.exec(request.headers.get("x-hub-signature-256") ?? "")?.[1];
  if (signature === undefined) return answer(401);
  if (request.method !== "POST") return answer(405, { allow: "GET, POST" });
  const body = await readBody(request, MAX_BODY_BYTES);
  if (body === undefined) return answer(413);
  if (!(await isHmac(keyOfText(config.app_secret), Uint8Array.from(body), fromHex(signature)))) return answer(401);
  const post = parse(body);
  if (post === undefined) return answer(400);
  if (["stopped", "starting"].includes(health.status().state)) return unavailable();
  const { updates, statuses } = read(account, post);
  try {
    if (updates.length > 0) await deps.intake.receive(updates);
  } catch (error) {
    deps.log.warn("whatsapp webhook: not taken", { error });
    const code = error instanceof StoreError ? error.code : "whatsapp_intake_failed";
    account.stuck = true;
    health.trouble("degraded", code, "messages cannot be stored; Meta posts them again");
    return unavailable(error instanceof StoreError ? error.retryAfterMs : undefined);
  }
  for (const update of updates) if (update.type === "message") wrote(account, update.address.conversation, update.messageId);
  for (const status of statuses) take(account, status);
  if (updates.length > 0) {
    health.heard();
    deps.metrics.count("channel_updates", { channel: "whatsapp", account: config.account }, updates.length);
  }
  // That Meta posts does not say that the token holds; what was in the way here is gone.
  if (account.stuck) health.alive();
  account.stuck = false;
  return answer(200);
}

/** Asked once, when the callback URL is entered (Webhooks, "Verification requests"). */
async function verify(secret: Secret, query: URLSearchParams): Promise<Response> {
  const challenge = query.get("hub.challenge") ?? "";
  if (query.get("hub.mode") !== "subscribe" || !/^[\w.-]{1,200}$/.test(challenge)) return answer(400);
  // Compared by their HMACs, which takes as long whatever was guessed.
  const key = keyOfText(secret);
  const bytes = (text: string) => new TextEncoder().encode(text);
  const given = query.get("hub.verify_token") ?? "";
  if (key.length === 0 || !(await isHmac(key, bytes(secret.reveal()), await hmac(key, bytes(given))))) return answer(403);
  return new Response(challenge, { status: 200, headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" } });
}

function parse(body: Uint8Array): WirePost | undefined {
  try {
    const post = JSON.parse(new TextDecoder().decode(body)) as WirePost | null;
    return typeof post === "object" && post !== null && Array.isArray(post.entry) ? post : undefined;
  } catch {
    return undefined;
  }
}

/** One that cannot be translated is skipped and never holds up the others. */
function read(account: CloudAccount, post: WirePost): { updates: Update[]; statuses: WireStatus[] } {
  const { config, deps } = account;
  const updates: Update[] = [];
  const statuses: WireStatus[] = [];
  const now = deps.clock.now();
  for (const { field, value } of post.entry!.flatMap(({ changes }) => changes ?? [])) {
    if (field !== "messages" || value === undefined) continue;
    const number = value.metadata?.phone_number_id;
    if (number !== config.phone_number_id) {
      deps.log.warn("whatsapp: a message for another number was posted here; give that number a callback URL of its own", { phone_number_id: number });
      continue;
    }
    statuses.push(...(value.statuses ?? []));
    for (const message of value.messages ?? []) {
      try {
        const update = message.group_id === undefined ? messageUpdate(message, value.contacts, { account: config.account, now }) : undefined;
        if (update !== undefined && update.at > now - MAX_AGE_MS) updates.push(update);
        else deps.log.info("whatsapp message skipped", { type: message.type, id: message.id });
      } catch (error) {
        deps.log.warn("whatsapp message skipped: it could not be read", { type: message.type, error });
      }
    }
  }
  return { updates, statuses };
}

function take({ receipts, deps, config }: CloudAccount, status: WireStatus): void {
  if (receipts.told(status) || status.status !== "failed") return;
  deps.metrics.count("channel_late_failures", { channel: "whatsapp", account: config.account });
  deps.log.warn("whatsapp: a message that had been taken was not delivered", { id: status.id, problem: describeError(status.errors?.[0]) });
}

function answer(status: number, headers: Record<string, string> = {}): Response {
  return new Response(null, { status, headers });
}

function unavailable(retryAfterMs = RETRY_AFTER_SECONDS * 1_000): Response {
  return answer(503, { "retry-after": String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) });
}

/**
 * The first step of the hall in webhook mode: Slack posts events, presses and slash commands to the gateway, which mounts this handler. Always true: nothing is
 * read that Slack has not signed, and 200 is answered only after the rows are committed (P1); on any failure Slack posts an event again (three times in an hour).
 */
import { StoreError } from "../../core/errors.ts";
import { keepChecking } from "../../lib/keep-trying/index.ts";
import { readBody } from "../../lib/read-body/index.ts";
import { admit } from "./admit.ts";
import { recover, type SlackAccount } from "./account.ts";
import { modeComplete } from "./config.ts";
import { freshTimestamp, isSigned, signatureBytes } from "./signature.ts";
import type { BlockActions, EventCallback, Incoming } from "./wire.ts";

const MAX_BODY_BYTES = 1_000_000;
const RETRY_AFTER_MS = 5_000;

/** @returns 200 taken, 400 not a payload, 401 not signed or too old, 404 not in webhook mode, 405, 413 too long, 503 try again. */
export async function receiveWebhook(account: SlackAccount, request: Request): Promise<Response> {
  const { config, deps, health } = account;
  const secret = config.signing_secret;
  if (config.mode !== "webhook" || !modeComplete(config) || secret === undefined) return answer(404);
  // Before the body is read: a stranger costs no memory (sec-107).
  const timestamp = freshTimestamp(request.headers.get("x-slack-request-timestamp"), deps.clock.now());
  const signature = signatureBytes(request.headers.get("x-slack-signature"));
  if (timestamp === undefined || signature === undefined) return answer(401);
  if (request.method !== "POST") return answer(405, { allow: "POST" });
  const body = await readBody(request, MAX_BODY_BYTES);
  if (body === undefined) return answer(413);
  if (!(await isSigned(body, { secret, timestamp, signature }))) return answer(401);
  const posted = parsePost(new TextDecoder().decode(body), request.headers.get("content-type") ?? "");
  if (posted === undefined) return answer(400);
  // Asked once, when the address is entered on the app's page.
  if ("challenge" in posted)
    return new Response(posted.challenge, { status: 200, headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" } });
  if (account.me === undefined || health.status().state === "stopped") return unavailable(RETRY_AFTER_MS);
  if (posted.kind === "none") return answer(200);
  try {
    await admit(account, posted);
  } catch (error) {
    deps.log.warn("slack webhook: event not taken", { error });
    const code = error instanceof StoreError ? error.code : "slack_intake_failed";
    health.trouble("degraded", code, "events cannot be stored; Slack posts them again, three times in an hour");
    return unavailable(error instanceof StoreError ? (error.retryAfterMs ?? RETRY_AFTER_MS) : RETRY_AFTER_MS);
  }
  health.alive();
  return answer(200);
}

/** Asks regularly whether the token holds. Until `signal` aborts; never rejects. */
export function keepWebhook(account: SlackAccount, signal: AbortSignal): Promise<void> {
  return keepChecking(account, { channel: "slack", signal, recover }, async () => {
    await account.api.call("auth.test", {}, { signal });
    account.health.alive();
  });
}

type Posted = Incoming | { readonly kind: "none" } | { readonly challenge: string };

/** Events come as JSON; presses as a form with one field `payload`; slash commands as a form of their own. */
function parsePost(body: string, contentType: string): Posted | undefined {
  try {
    if (contentType.startsWith("application/x-www-form-urlencoded")) return parseForm(new URLSearchParams(body));
    const payload = JSON.parse(body) as { type?: unknown; challenge?: unknown; event?: { type?: unknown } };
    if (payload?.type === "url_verification" && typeof payload.challenge === "string") return { challenge: payload.challenge.slice(0, 1_000) };
    if (typeof payload?.type !== "string") return undefined;
    if (payload.type !== "event_callback") return { kind: "none" };
    return typeof payload.event?.type === "string" ? { kind: "event", payload: payload as unknown as EventCallback } : undefined;
  } catch {
    return undefined;
  }
}

function parseForm(form: URLSearchParams): Posted | undefined {
  const payload = form.get("payload");
  if (payload !== null) {
    const parsed = JSON.parse(payload) as BlockActions | null;
    return typeof parsed?.type === "string" ? { kind: "interactive", payload: parsed } : undefined;
  }
  return form.has("command") ? { kind: "command", payload: Object.fromEntries(form) } : undefined;
}

function answer(status: number, headers: Record<string, string> = {}): Response {
  return new Response(null, { status, headers });
}

function unavailable(retryAfterMs: number): Response {
  return answer(503, { "retry-after": String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) });
}

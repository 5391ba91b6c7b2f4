/**
 * The first step of the hall: Zalo posts one event to the gateway, which mounts this handler. Always true: nothing is read from whoever does not show the secret, and 200
 * is answered only after the rows are committed (P1).
 */
import { StoreError } from "../../core/errors.ts";
import { fileResponse } from "../../lib/file-links/index.ts";
import { readBody } from "../../lib/read-body/index.ts";
import { isSameSecret } from "../../lib/same-secret/index.ts";
import type { ZaloAccount } from "./account.ts";
import { translate } from "./inbound.ts";
import { textOf, type WireUpdate } from "./wire.ts";

const MAX_BODY_BYTES = 1_000_000;
const RETRY_AFTER_MS = 5_000;
/** Troubles that a post which arrives and is taken has ended. */
const ENDED = /^(store_|zalo_intake_failed$|zalo_webhook_)/;

/** @returns 200 taken, 400 no event, 401 without the secret, 405, 413 too long, 503 try again; for a GET a file, or 403, 404. */
export async function receiveWebhook(account: ZaloAccount, request: Request): Promise<Response> {
  const { config, deps, health } = account;
  if (request.method === "GET" || request.method === "HEAD") return serveFile(account, new URL(request.url));
  // Before the body is read: a stranger costs no memory (sec-107).
  if (!isSameSecret(request.headers.get("x-bot-api-secret-token"), config.webhook_secret)) return answer(401);
  if (request.method !== "POST") return answer(405, { allow: "POST" });
  if (health.status().state === "stopped") return unavailable(RETRY_AFTER_MS);
  const body = await readBody(request, MAX_BODY_BYTES);
  if (body === undefined) return answer(413);
  const event = parse(body);
  if (event === undefined) return answer(400);
  try {
    await admit(account, event);
  } catch (error) {
    deps.log.warn("zalo webhook: event not taken", { error });
    health.trouble("degraded", error instanceof StoreError ? error.code : "zalo_intake_failed", "events cannot be stored; Zalo may not post them again");
    return unavailable(error instanceof StoreError ? (error.retryAfterMs ?? RETRY_AFTER_MS) : RETRY_AFTER_MS);
  }
  const { state, code } = health.status();
  if (state === "ready" || ENDED.test(code ?? "")) health.alive();
  return answer(200);
}

/** @throws what `Intake.receive` throws: nothing was taken. */
async function admit({ config, deps, health }: ZaloAccount, event: WireUpdate): Promise<void> {
  const update = translate(event, { account: config.account, now: deps.clock.now() });
  if (update === undefined)
    return deps.log.debug("zalo event skipped", { event: String(event.event_name).slice(0, 50), chat: String(event.message?.chat?.chat_type).slice(0, 20) });
  await deps.intake.receive([update]);
  health.heard();
  deps.metrics.count("channel_updates", { channel: "zalo", account: config.account }, 1);
}

/** The vendor's page shows `{ok, result: {event_name, message}}`; clients have seen the inner object alone. */
function parse(body: Uint8Array): WireUpdate | undefined {
  try {
    const posted = JSON.parse(new TextDecoder().decode(body)) as (WireUpdate & { readonly result?: WireUpdate | null }) | null;
    const event = posted?.result ?? posted;
    return textOf(event?.event_name) === undefined ? undefined : event!;
  } catch {
    return undefined;
  }
}

async function serveFile({ config, deps, links }: ZaloAccount, url: URL): Promise<Response> {
  if (config.public_url === undefined) return answer(404);
  const file = await links.fileOf(url);
  if (file === undefined) return answer(403);
  const blob = await deps.blobs.get(file);
  return blob === undefined ? answer(404) : fileResponse(blob.bytes, blob.type, blob.name);
}

function answer(status: number, headers: Record<string, string> = {}): Response {
  return new Response(null, { status, headers });
}

function unavailable(retryAfterMs: number): Response {
  return answer(503, { "retry-after": String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) });
}

/**
 * The first step of the hall: Google Chat posts interaction events to the gateway, which mounts this handler. Always true: nothing is read that Google has not signed
 * for this app, and 200 is answered only after the rows are committed (P1). The answer is empty, for what the assistant says goes through the outbox; only whoever
 * presses a button hears at once what has become of it.
 */
import { StoreError } from "../../core/errors.ts";
import type { Outcome } from "../../core/intake.ts";
import type { Update } from "../../core/update.ts";
import { readBody } from "../../lib/read-body/index.ts";
import { TokenRefused } from "../../lib/signed-tokens/index.ts";
import type { GoogleChatAccount } from "./account.ts";
import { answeredCards } from "./cards.ts";
import { updatesOf } from "./inbound.ts";
import type { WireEvent } from "./wire.ts";

const MAX_BODY_BYTES = 1_000_000;
const RETRY_AFTER_MS = 5_000;

/** @returns 200 taken, 400 no event, 401 no token or one that proves nothing, 405, 413 too long, 503 try again. */
export async function receiveEvent(account: GoogleChatAccount, request: Request): Promise<Response> {
  const { deps, health, verifier, signer } = account;
  if (request.method !== "POST") return answer(405, { allow: "POST" });
  if (!request.headers.has("authorization")) return answer(401);
  // Somebody else may hold the account now.
  if (health.status().state === "stopped") return unavailable(RETRY_AFTER_MS);
  try {
    // Before the body is read: a stranger costs no memory (sec-107).
    const { claims } = await verifier.verify(request.headers.get("authorization"));
    if (!signer.speaks(claims)) throw new TokenRefused("signed by Google, but not for Google Chat");
  } catch (error) {
    if (error instanceof TokenRefused) {
      deps.log.warn("google chat: a request without a valid token", { error });
      return answer(401);
    }
    deps.log.warn("google chat: tokens cannot be checked now", { error });
    return unavailable(RETRY_AFTER_MS);
  }
  const body = await readBody(request, MAX_BODY_BYTES);
  if (body === undefined) return answer(413);
  const event = parse(body);
  if (event === undefined) return answer(400);
  return take(account, event);
}

/** Apps that are built as a Workspace add-on get events of another shape, without a type at the top. */
function parse(body: Uint8Array): WireEvent | undefined {
  try {
    const event = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)) as WireEvent | null;
    return typeof event?.type === "string" ? event : undefined;
  } catch {
    return undefined;
  }
}

async function take(account: GoogleChatAccount, event: WireEvent): Promise<Response> {
  const { deps, config, health } = account;
  let updates: Update[];
  try {
    updates = updatesOf(event, { account: config.account, now: deps.clock.now() });
  } catch (error) {
    deps.log.warn("google chat: an event could not be read and was skipped", { type: event.type, error });
    return json({});
  }
  if (updates.length === 0) return json({});
  try {
    const outcomes = await deps.intake.receive(updates);
    health.heard();
    deps.metrics.count("channel_updates", { channel: "googlechat", account: config.account }, updates.length);
    if (account.stuck) health.alive();
    account.stuck = false;
    return json(updates[0]!.type === "press" ? pressAnswer(event, updates[0]!, outcomes[0]) : {});
  } catch (error) {
    deps.log.warn("google chat: an event was not taken", { error });
    account.stuck = true;
    health.trouble("degraded", error instanceof StoreError ? error.code : "googlechat_intake_failed", "events cannot be stored; Google is told so");
    return unavailable(error instanceof StoreError ? (error.retryAfterMs ?? RETRY_AFTER_MS) : RETRY_AFTER_MS);
  }
}

/** In a direct chat the buttons go: they have been answered. Elsewhere anybody can press and only the owner answers, so they stay, and the answer is shown to whoever pressed. */
function pressAnswer({ message, user }: WireEvent, { direct }: Update, outcome: Outcome | undefined): object {
  if (outcome?.kind !== "command" && outcome?.kind !== "refused") return {};
  const reply = outcome.kind === "command" ? outcome.reply : "This is not yours to answer.";
  if (direct && outcome.kind === "command" && message?.cardsV2 !== undefined && message.cardsV2.length > 0)
    return { actionResponse: { type: "UPDATE_MESSAGE" }, cardsV2: answeredCards(message.cardsV2, reply) };
  return {
    actionResponse: { type: "NEW_MESSAGE" },
    text: reply,
    ...(direct ? {} : { privateMessageViewer: { name: user?.name } }),
    ...(message?.thread === undefined || direct ? {} : { thread: message.thread }),
  };
}

function json(body: object): Response {
  return Response.json(body, { headers: { "x-content-type-options": "nosniff" } });
}

function answer(status: number, headers: Record<string, string> = {}): Response {
  return new Response(null, { status, headers });
}

function unavailable(retryAfterMs: number): Response {
  return answer(503, { "retry-after": String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) });
}

/**
 * The first step of the hall: the Bot Connector posts activities to the gateway, which mounts this handler. Always true: nothing is read that the connector has not
 * signed for us, and 200 is answered only after the rows are committed (P1); on a failure the connector says so to the person, or posts it again.
 */
import { sleep } from "../../core/clock.ts";
import { StoreError } from "../../core/errors.ts";
import type { Outcome } from "../../core/intake.ts";
import type { Cursor, Update } from "../../core/update.ts";
import { readBody } from "../../lib/read-body/index.ts";
import { type Proven, TokenRefused } from "../../lib/signed-tokens/index.ts";
import type { TeamsAccount } from "./account.ts";
import { isService } from "./api.ts";
import { cardContent } from "./cards.ts";
import { toChannelError } from "./failure.ts";
import { handOver } from "./files.ts";
import { addressOf, pressedData, pressUpdate, tenantOf, updatesOf } from "./inbound.ts";
import { toCardBody } from "./markup.ts";
import type { Reference } from "./references.ts";
import { ADAPTIVE_CARD, type WireActivity, type WireFileConsent } from "./wire.ts";

const MAX_BODY_BYTES = 1_000_000;
const RETRY_AFTER_MS = 5_000;

/** @returns 200 taken, 400 no activity, 401 no token, 403 a token that proves nothing or nobody we let in, 405, 413 too long, 501 an unknown invoke, 503 try again. */
export async function receiveActivity(account: TeamsAccount, request: Request): Promise<Response> {
  const { deps, health } = account;
  if (request.method !== "POST") return answer(405, { allow: "POST" });
  if (!request.headers.has("authorization")) return answer(401);
  // Somebody else may hold the account now.
  if (health.status().state === "stopped") return unavailable(RETRY_AFTER_MS);
  let proven: Proven;
  try {
    // Before the body is read: a stranger costs no memory (sec-107).
    proven = await account.verifier.verify(request.headers.get("authorization"));
  } catch (error) {
    if (error instanceof TokenRefused) {
      deps.log.warn("teams: a request without a valid token", { error });
      return answer(403);
    }
    deps.log.warn("teams: tokens cannot be checked now", { error });
    return unavailable(RETRY_AFTER_MS);
  }
  const body = await readBody(request, MAX_BODY_BYTES);
  if (body === undefined) return answer(413);
  const activity = parse(body);
  if (activity === undefined) return answer(400);
  const refused = whyNot(account, activity, proven);
  if (refused !== undefined) {
    deps.log.warn("teams: an activity was refused", { reason: refused });
    return answer(403);
  }
  return activity.type === "invoke" ? receiveInvoke(account, activity) : receiveUpdates(account, activity);
}

/** Requirements 3 to 7 that need the activity (Authentication with the Bot Connector API, "Authenticate requests from the Bot Connector service to your bot"). */
function whyNot({ config }: TeamsAccount, activity: WireActivity, { claims, key }: Proven): string | undefined {
  const { endorsements } = key;
  if (activity.channelId !== "msteams") return "not from the Teams channel";
  if (!Array.isArray(endorsements) || !endorsements.includes(activity.channelId)) return "the key is not endorsed for Teams";
  // Written in small letters on the wire and with a capital in the documentation.
  const claim = claims["serviceurl"] ?? claims["serviceUrl"];
  if (typeof claim !== "string" || claim !== activity.serviceUrl) return "the serviceUrl is not that of the token";
  if (!isService(config, claim)) return `${claim.slice(0, 100)} is none of channels.teams.service_urls`;
  const tenant = tenantOf(activity);
  if (tenant === undefined || (tenant !== config.tenant_id && !config.further_tenants.includes(tenant))) return "another tenant";
  return undefined;
}

function parse(body: Uint8Array): WireActivity | undefined {
  try {
    const activity = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)) as WireActivity | null;
    return typeof activity?.type === "string" ? activity : undefined;
  } catch {
    return undefined;
  }
}

function contextOf({ config, deps, threads }: TeamsAccount) {
  return { account: config.account, tenant: config.tenant_id, threads, now: deps.clock.now() };
}

async function receiveUpdates(account: TeamsAccount, activity: WireActivity): Promise<Response> {
  let updates: Update[];
  try {
    updates = updatesOf(activity, contextOf(account));
  } catch (error) {
    account.deps.log.warn("teams: an activity could not be read and was skipped", { type: activity.type, error });
    return answer(200);
  }
  if (updates.length === 0) return answer(200);
  const outcomes = await commit(account, activity, updates);
  return outcomes instanceof Response ? outcomes : answer(200);
}

/** Hands in, with where the conversation is reached. @returns the answer when it could not be stored */
async function commit(account: TeamsAccount, activity: WireActivity, updates: readonly Update[]): Promise<Outcome[] | Response> {
  const { deps, config, health, references } = account;
  try {
    const { reference, cursor } = await newsOf(account, activity);
    const outcomes = await deps.intake.receive(updates, cursor);
    if (reference !== undefined) references.keep(addressOf(activity.conversation!.id!, config.account).conversation, reference);
    health.heard();
    deps.metrics.count("channel_updates", { channel: "teams", account: config.account }, updates.length);
    if (account.stuck) health.alive();
    account.stuck = false;
    return outcomes;
  } catch (error) {
    deps.log.warn("teams: an activity was not taken", { error });
    account.stuck = true;
    health.trouble("degraded", error instanceof StoreError ? error.code : "teams_intake_failed", "messages cannot be stored; Teams is told so");
    return unavailable(error instanceof StoreError ? (error.retryAfterMs ?? RETRY_AFTER_MS) : RETRY_AFTER_MS);
  }
}

async function newsOf({ references, config }: TeamsAccount, activity: WireActivity): Promise<{ reference?: Reference; cursor?: Cursor }> {
  const { id, conversationType } = activity.conversation ?? {};
  if (id === undefined || activity.serviceUrl === undefined) return {};
  const kind =
    conversationType === "personal" || conversationType === "groupChat" || conversationType === "channel" ? ({ kind: conversationType } as const) : {};
  const reference: Reference = { serviceUrl: activity.serviceUrl, ...kind };
  const cursor = await references.news(addressOf(id, config.account).conversation, reference);
  return { reference, ...(cursor === undefined ? {} : { cursor }) };
}

/** Somebody waits for the answer: a button, or the consent to a file. */
async function receiveInvoke(account: TeamsAccount, activity: WireActivity): Promise<Response> {
  if (activity.name === "fileConsent/invoke") return receiveConsent(account, activity);
  if (activity.name !== "adaptiveCard/action") return answer(501);
  const data = pressedData((activity.value as { action?: { data?: unknown } } | undefined)?.action?.data);
  const update = data === undefined ? undefined : pressUpdate(activity, data, contextOf(account));
  if (update === undefined) return said("This button is not known any more.");
  const outcomes = await commit(account, activity, [update]);
  if (outcomes instanceof Response) return outcomes;
  const [outcome] = outcomes;
  if (outcome?.kind === "refused") return said("This is not yours to answer.");
  if (outcome?.kind !== "command") return said("Noted.");
  const card = account.cards.get(activity.replyToId ?? "");
  // In a personal chat the buttons go: they have been answered. Elsewhere anybody can press and only the owner answers, so they stay.
  if (!update.direct || card === undefined) return said(outcome.reply);
  const value = cardContent([...card, ...toCardBody([{ type: "bold", children: [{ type: "text", text: outcome.reply }] }])]);
  return json({ statusCode: 200, type: ADAPTIVE_CARD, value });
}

/** The answer to `adaptiveCard/action` (learn.microsoft.com, "Universal Actions for Adaptive Cards", response format). */
function said(value: string): Response {
  return json({ statusCode: 200, type: "application/vnd.microsoft.activity.message", value });
}

async function receiveConsent(account: TeamsAccount, activity: WireActivity): Promise<Response> {
  const { deps, timing, background } = account;
  const consent = (activity.value ?? {}) as WireFileConsent;
  const conversation = activity.conversation?.id;
  if (consent.action !== "accept" || conversation === undefined || activity.conversation?.conversationType !== "personal") return json({});
  const done = Promise.withResolvers<number>();
  background.run(async (signal) => {
    try {
      const offered = await handOver(account, consent, { conversation, messageId: activity.replyToId, signal });
      done.resolve(offered ? 200 : 403);
    } catch (error) {
      deps.log.warn("teams: a file could not be handed over", { error: toChannelError(error, "repeatable") });
      done.resolve(503);
    }
  });
  // A big file takes longer than the client waits; then it goes on behind the answer, and the log tells if it fails.
  const enough = new AbortController();
  const status = await Promise.race([done.promise, sleep(deps.clock, timing.invokeMs, enough.signal).then(() => 200)]);
  enough.abort();
  return status === 200 ? json({}) : answer(status);
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

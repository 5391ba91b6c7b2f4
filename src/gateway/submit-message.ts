import { AuthError, RequestError } from "../core/errors.ts";
import type { Outcome } from "../core/intake.ts";
import { messageText, type Media, type Message, type MessagePart } from "../core/message.ts";
import { newId } from "../core/random.ts";
import type { MessageUpdate, SendOptions } from "../core/update.ts";
import { agentOfKey } from "../sessions/session-key.ts";
import { sha256Hex } from "./auth/digest.ts";
import type { Credential } from "./auth/credential.ts";
import type { GatewayDeps } from "./deps.ts";
import { sessionKeyOf } from "./find-session.ts";
import { notFound, type MessageParam } from "./methods/schemas.ts";

export interface Submission {
  readonly session?: string | undefined;
  readonly message: MessageParam;
  readonly idempotencyKey?: string | undefined;
  readonly model?: string | undefined;
  readonly thinking?: SendOptions["thinking"] | undefined;
  readonly system?: string | undefined;
}

export type Submitted =
  | {
      readonly kind: "turn";
      readonly turnId: string;
      readonly messageId: string;
      readonly session: string;
      readonly sessionId: string;
      readonly duplicate: boolean;
    }
  | { readonly kind: "command"; readonly name: string; readonly reply: string };

/**
 * The web channel's way in: an authenticated caller's message as an update for the intake (house.md section 2, step 1).
 * The same idempotency key and request answer the same ids and start nothing.
 * @throws RequestError `idempotency_conflict`, `bad_message`, `media_not_found`, `session_not_found`; AuthError `forbidden`; StoreError `store_full`
 */
export async function submitMessage(deps: GatewayDeps, credential: Credential, submission: Submission): Promise<Submitted> {
  const session = await sessionKeyOf(deps.store, submission.session);
  const agent = agentOfKey(session);
  if (!deps.agents.list().some((known) => known.name === agent)) throw notFound("agent", agent);
  const { model, thinking, system, idempotencyKey } = submission;
  if (model !== undefined) deps.models.require(model);
  const message = await toMessage(deps, submission.message, { session, speaker: speakerOf(credential).person });
  const messageId = newId(deps.clock, deps.random);
  const options: SendOptions = {
    session,
    agent,
    ...(model === undefined ? {} : { model }),
    ...(thinking === undefined ? {} : { thinking }),
    ...(system === undefined ? {} : { system }),
    digest: sha256Hex(JSON.stringify([session, message, model ?? null, thinking ?? null, system ?? null])),
  };
  const update: MessageUpdate = {
    type: "message",
    key: idempotencyKey === undefined ? `msg:${messageId}` : `idem:${idempotencyKey}`,
    address: { channel: "web", account: credential.id, conversation: session },
    sender: { id: credential.id },
    direct: true,
    at: deps.clock.now(),
    authenticated: speakerOf(credential),
    messageId,
    message,
    addressed: true,
    options,
  };
  const [outcome] = await deps.intake.receive([update]);
  return settle(outcome, session);
}

/** Whoever holds the gateway's credential or an admin device is the owner; another device is somebody the owner has let in (security.md, Principal). */
export function speakerOf({ id, scopes }: Credential): NonNullable<MessageUpdate["authenticated"]> {
  return scopes.includes("admin") ? { person: "owner", class: "owner", approves: true } : { person: `device:${id}`, class: "trusted" };
}

function settle(outcome: Outcome | undefined, session: string): Submitted {
  switch (outcome?.kind) {
    case "turn":
      return {
        kind: "turn",
        turnId: outcome.turnId,
        messageId: outcome.messageId,
        session: outcome.sessionKey,
        sessionId: outcome.sessionId,
        duplicate: false,
      };
    case "command":
      return { kind: "command", name: outcome.name, reply: outcome.reply };
    case "duplicate": {
      const { messageId, turnId, sessionId, sessionKey } = outcome;
      if (messageId === undefined || turnId === undefined) throw new RequestError("no_turn", "the message has started no turn");
      return { kind: "turn", turnId, messageId, session: sessionKey ?? session, sessionId: sessionId ?? "", duplicate: true };
    }
    case "refused":
      throw new AuthError("forbidden", `the message was refused: ${outcome.reason}`);
    default:
      throw new RequestError("no_turn", "the message started no turn");
  }
}

async function toMessage(deps: GatewayDeps, param: MessageParam, said: { session: string; speaker: string }): Promise<Message> {
  if (typeof param === "string") return { parts: [{ type: "text", text: param }] };
  const parts: MessagePart[] = param.text === undefined || param.text === "" ? [] : [{ type: "text", text: param.text }];
  for (const blob of param.media ?? []) parts.push({ type: "media", media: await mediaOf(deps, blob) });
  if (parts.length === 0) throw new RequestError("bad_message", "a message needs text or media");
  return param.reply_to === undefined ? { parts } : { parts, replyTo: param.reply_to, quote: await quoteOf(deps, param.reply_to, said) };
}

/** The model reads what is answered. Only what was said in the same conversation can be: others may belong to others. @throws RequestError `message_not_found` */
async function quoteOf({ store }: GatewayDeps, messageId: string, { session, speaker }: { session: string; speaker: string }): Promise<Message["quote"]> {
  const item = await store.getInboxItem({ id: messageId });
  const key = item && (await store.getSession({ id: item.sessionId }))?.key;
  if (item?.update.type !== "message" || key !== session) throw notFound("message", messageId);
  const { sender, message } = item.update;
  return { text: messageText(message), own: item.principal.person === speaker, ...(sender.name !== undefined && { sender: sender.name }) };
}

async function mediaOf(deps: GatewayDeps, blob: string): Promise<Media> {
  const info = await deps.blobs.get(blob);
  if (info === undefined) throw notFound("media", blob);
  const kind = info.type.startsWith("image/") ? "photo" : info.type.startsWith("audio/") ? "audio" : info.type.startsWith("video/") ? "video" : "document";
  return { kind, blob, type: info.type, size: info.size, ...(info.name === undefined ? {} : { name: info.name }) };
}

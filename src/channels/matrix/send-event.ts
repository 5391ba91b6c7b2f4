import { ChannelError } from "../../core/errors.ts";
import { type MatrixAccount, path } from "./account.ts";
import type { Content, WireEvent } from "./wire.ts";

export interface NewEvent {
  readonly room: string;
  readonly type: string;
  readonly content: Content;
  /** The same event with the same transaction id is there once (client-server API, "Transaction identifiers"). */
  readonly txn: string;
  readonly signal: AbortSignal;
}

/** Reactions stand in the open everywhere: servers count them. */
const NEVER_ENCRYPTED = new Set(["m.reaction"]);

/** Sends an event, encrypted where the room is. @returns its id. @throws ChannelError, MatrixFailure, HttpFailure */
export async function sendEvent(account: MatrixAccount, event: NewEvent): Promise<string> {
  const { room, type, txn, signal } = event;
  if (account.me === undefined || (account.config.encryption && account.crypto === undefined))
    throw new ChannelError("matrix_not_started", "the account has not said hello yet", "retry", { retryAfterMs: 1_000 });
  if (!account.rooms.has(room)) await enter(account, room, signal);
  const encrypts = account.rooms.encrypted(room) && !NEVER_ENCRYPTED.has(type);
  const content = encrypts ? await encrypted(account, event) : event.content;
  const { event_id: id } = await account.api.call<{ event_id: string }>(
    "PUT",
    `/client/v3/rooms${path(room)}/send${path(encrypts ? "m.room.encrypted" : type, txn)}`,
    { body: content, signal },
  );
  return id;
}

async function encrypted({ crypto }: MatrixAccount, { room, type, content, signal }: NewEvent): Promise<Content> {
  if (crypto !== undefined) return crypto.encrypt(room, { type, content }, signal);
  throw new ChannelError("matrix_encryption_off", "the room is encrypted and encryption is off", "permanent", {
    hint: "Set channels.matrix.encryption = true",
  });
}

/**
 * Something is to be said where no sync has told of us yet. Either the first one has not come: then who is there and whether it is encrypted has to be known before the
 * first word. Or we are only invited: the hall answers a stranger's invitation with how to be let in, and nobody can be told from outside. Nothing else makes us come
 * in to a stranger.
 */
async function enter({ rooms, api, crypto }: MatrixAccount, room: string, signal: AbortSignal): Promise<void> {
  const where = `/client/v3/rooms${path(room)}`;
  await api.call("POST", `/client/v3/join${path(room)}`, { body: {}, signal });
  const state = await api.call<readonly WireEvent[]>("GET", `${where}/state`, { signal });
  for (const event of state) rooms.apply(room, event);
  if (await crypto?.wasEncrypted(room)) rooms.markEncrypted(room);
}

import { ChannelError } from "../../core/errors.ts";
import { type MatrixAccount, path } from "./account.ts";
import type { Content } from "./wire.ts";

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
  await enterIfInvited(account, room, signal);
  const encrypts = account.rooms.encrypted(room) && !NEVER_ENCRYPTED.has(type);
  const content = encrypts ? await encrypted(account, event) : event.content;
  const { event_id: id } = await account.api.call<{ event_id: string }>(
    "PUT",
    `/client/v3/rooms${path(room)}/send${path(encrypts ? "m.room.encrypted" : type, txn)}`,
    { body: content, signal },
  );
  return id;
}

async function encrypted({ config, crypto }: MatrixAccount, { room, type, content, signal }: NewEvent): Promise<Content> {
  if (crypto !== undefined) return crypto.encrypt(room, { type, content }, signal);
  if (config.encryption) throw new ChannelError("matrix_not_started", "the keys of the account are not open", "retry", { retryAfterMs: 1_000 });
  throw new ChannelError("matrix_encryption_off", "the room is encrypted and encryption is off", "permanent", {
    hint: "Set channels.matrix.encryption = true",
  });
}

/**
 * Something is to be said where we are only invited: the hall answers a stranger's invitation with how to be let in, and nobody can be told from outside.
 * Nothing else makes us come in to a stranger.
 */
async function enterIfInvited({ rooms, api }: MatrixAccount, room: string, signal: AbortSignal): Promise<void> {
  if (!rooms.invites.has(room) || rooms.has(room)) return;
  await api.call("POST", `/client/v3/join${path(room)}`, { body: {}, signal });
  // Whether it is encrypted has to be known before the first word, and the next sync may come later.
  const members = await api.call<{ joined?: Record<string, { display_name?: string }> }>("GET", `/client/v3/rooms${path(room)}/joined_members`, { signal });
  for (const [user, { display_name: name }] of Object.entries(members.joined ?? {}))
    rooms.apply(room, { type: "m.room.member", state_key: user, content: { membership: "join", ...(name === undefined ? {} : { displayname: name }) } });
  await learnEncryption({ rooms, api }, room, signal);
}

/** @throws MatrixFailure, HttpFailure */
export async function learnEncryption({ rooms, api }: Pick<MatrixAccount, "rooms" | "api">, room: string, signal: AbortSignal): Promise<void> {
  const state = await api.call<Content | undefined>("GET", `/client/v3/rooms${path(room)}/state/m.room.encryption`, { signal }).catch((error: unknown) => {
    if ((error as { errcode?: string }).errcode === "M_NOT_FOUND") return undefined;
    throw error;
  });
  if (state !== undefined) rooms.apply(room, { type: "m.room.encryption", state_key: "", content: state });
}

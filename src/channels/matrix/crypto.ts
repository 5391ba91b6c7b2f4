/**
 * End-to-end encryption: the OlmMachine of matrix-sdk-crypto-wasm, which does no input and output of its own. Its requests are sent from here, its keys lie in the
 * account's Keep. Loaded only when an account with encryption is started.
 */
import type * as Wasm from "@matrix-org/matrix-sdk-crypto-wasm";
import type { MatrixAccount } from "./account.ts";
import { path } from "./account.ts";
import type { Crypto, Outgoing } from "./crypto-port.ts";
import { createLock } from "./lock.ts";
import type { Content, WireEncryptedFile, WireEvent } from "./wire.ts";

export interface CryptoOptions {
  /** Name of the databases in the mounted IndexedDB. */
  readonly store: string;
  /** Keys of these rooms and sessions have come. Must not throw. */
  readonly keysCame: (sessions: readonly { readonly room: string; readonly session: string }[]) => void;
}

export async function openCrypto(account: MatrixAccount, { store, keysCame }: CryptoOptions): Promise<Crypto> {
  const { log } = account.deps;
  const wasm = await import("@matrix-org/matrix-sdk-crypto-wasm");
  await wasm.initAsync();
  const me = account.me!;
  const handle = await wasm.StoreHandle.open(store, undefined);
  const note = (said: unknown) => log.debug("matrix crypto", { said: String(said).slice(0, 2_000) });
  const logger = { debug() {}, info() {}, warn: note, error: note };
  const machine = await wasm.OlmMachine.initFromStore(new wasm.UserId(me.id), new wasm.DeviceId(me.device), handle, logger);
  await machine.registerRoomKeyUpdatedCallback(async (keys) =>
    keysCame(keys.map(({ roomId, sessionId }) => ({ room: roomId.toString(), session: sessionId }))),
  );
  const settings = () => new wasm.DecryptionSettings(wasm.TrustRequirement.Untrusted);
  /** Rooms whose outgoing session is of this start: one from before may come from a snapshot of the machine, and no key is used twice. */
  const fresh = new Set<string>();
  // Two that share a room's key at once would each make one.
  const inOrder = createLock();
  const users = (ids: readonly string[]) => ids.map((id) => new wasm.UserId(id));

  const crypto: Crypto = {
    machine,
    wasm,
    async receive({ to_device: mail, device_lists: lists, device_one_time_keys_count: counts, device_unused_fallback_key_types: fallback }) {
      await machine.receiveSyncChanges(
        JSON.stringify(mail?.events ?? []),
        new wasm.DeviceLists(users(lists?.changed ?? []), users(lists?.left ?? [])),
        new Map(Object.entries(counts ?? {})),
        fallback === undefined ? undefined : new Set(fallback),
        settings(),
      );
    },
    track: (ids) => machine.updateTrackedUsers(users(ids)),
    pump: (signal) => inOrder(() => pump(crypto, signal)),
    async sendRequest(request, signal) {
      const answer = await sendRequest(account, crypto, { request, signal });
      if (request.id !== undefined) await machine.markRequestAsSent(request.id, request.type, answer);
    },
    encrypt: (room, { type, content }, signal) =>
      inOrder(async () => {
        const ids = account.rooms.members(room);
        await machine.updateTrackedUsers(users(ids));
        await pump(crypto, signal);
        const claim = await machine.getMissingSessions(users(ids));
        if (claim !== undefined && claim !== null) await crypto.sendRequest(claim, signal);
        if (!fresh.has(room)) await machine.invalidateGroupSession(new wasm.RoomId(room));
        fresh.add(room);
        const shares = await machine.shareRoomKey(new wasm.RoomId(room), users(ids), await sessionSettings(crypto, room));
        for (const share of shares) await crypto.sendRequest(share, signal);
        return JSON.parse(await machine.encryptRoomEvent(new wasm.RoomId(room), type, JSON.stringify(content))) as Content;
      }),
    async decrypt(room, event) {
      try {
        const decrypted = await machine.decryptRoomEvent(JSON.stringify({ ...event, room_id: room }), new wasm.RoomId(room), settings());
        return JSON.parse(decrypted.event) as WireEvent;
      } catch (error) {
        if (!(error instanceof wasm.MegolmDecryptionError)) throw error;
        log.info("matrix message not decrypted", { room, event: event.event_id, reason: error.description, withheld: error.withheldCode });
        return undefined;
      }
    },
    wasEncrypted: async (room) => (await machine.getRoomSettings(new wasm.RoomId(room))) !== undefined,
    encryptFile(bytes) {
      const encrypted = wasm.Attachment.encrypt(bytes);
      return { file: JSON.parse(encrypted.mediaEncryptionInfo!) as WireEncryptedFile, bytes: encrypted.encryptedData };
    },
    decryptFile: (bytes, file) => wasm.Attachment.decrypt(new wasm.EncryptedAttachment(bytes, JSON.stringify(file))),
    close: () => machine.close(),
  };
  return crypto;
}

/** Answers may want more: a query of devices a claim of keys. Bounded, for a server that never has enough. */
const MAX_ROUNDS = 10;

async function pump(crypto: Crypto, signal: AbortSignal): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const requests = await crypto.machine.outgoingRequests();
    if (requests.length === 0) return;
    for (const request of requests) await crypto.sendRequest(request, signal);
  }
}

async function sendRequest({ api }: MatrixAccount, { wasm }: Crypto, { request, signal }: { request: Outgoing; signal: AbortSignal }): Promise<string> {
  const { RequestType: type } = wasm;
  const options = { body: request.body, signal };
  switch (request.type) {
    case type.KeysUpload:
      return api.text("POST", "/client/v3/keys/upload", options);
    case type.KeysQuery:
      return api.text("POST", "/client/v3/keys/query", options);
    case type.KeysClaim:
      return api.text("POST", "/client/v3/keys/claim", options);
    case type.SignatureUpload:
      return api.text("POST", "/client/v3/keys/signatures/upload", options);
    case type.KeysBackup: {
      const { version } = request as Wasm.KeysBackupRequest;
      return api.text("PUT", `/client/v3/room_keys/keys?version=${encodeURIComponent(version)}`, options);
    }
    case type.ToDevice: {
      const { event_type, txn_id } = request as Wasm.ToDeviceRequest;
      return api.text("PUT", `/client/v3/sendToDevice${path(event_type, txn_id)}`, options);
    }
    default: {
      const { room_id, event_type, txn_id } = request as Wasm.RoomMessageRequest;
      return api.text("PUT", `/client/v3/rooms${path(room_id)}/send${path(event_type, txn_id)}`, options);
    }
  }
}

/** How often a room wants new keys (m.room.encryption). */
async function sessionSettings({ machine, wasm }: Crypto, room: string): Promise<Wasm.EncryptionSettings> {
  const settings = new wasm.EncryptionSettings();
  const wanted = await machine.getRoomSettings(new wasm.RoomId(room));
  if (wanted?.sessionRotationPeriodMessages !== undefined) settings.rotationPeriodMessages = BigInt(wanted.sessionRotationPeriodMessages);
  // The machine counts microseconds.
  if (wanted?.sessionRotationPeriodMs !== undefined) settings.rotationPeriod = BigInt(wanted.sessionRotationPeriodMs) * 1_000n;
  settings.sharingStrategy = wasm.CollectStrategy.allDevices();
  return settings;
}

/** Remembers for ever that a room is encrypted, and how. */
export async function keepRoomSettings({ machine, wasm }: Crypto, room: string, content: Content): Promise<void> {
  const settings = new wasm.RoomSettings();
  settings.algorithm = wasm.EncryptionAlgorithm.MegolmV1AesSha2;
  const { rotation_period_ms: ms, rotation_period_msgs: messages } = content;
  if (typeof ms === "number" && Number.isSafeInteger(ms) && ms > 0) settings.sessionRotationPeriodMs = ms;
  if (typeof messages === "number" && Number.isSafeInteger(messages) && messages > 0) settings.sessionRotationPeriodMessages = messages;
  await machine.setRoomSettings(new wasm.RoomId(room), settings);
}

/** Somebody's client: a second OlmMachine, with keys in memory, that talks to the fake homeserver as any client does. */
import * as wasm from "@matrix-org/matrix-sdk-crypto-wasm";
import type { FakeMatrix } from "./index.ts";

export interface Person {
  readonly id: string;
  readonly machine: wasm.OlmMachine;
  /** Reads what has come since the last time: keys, and messages with what they say. */
  settle(): Promise<Message[]>;
  /** Says something encrypted. @returns the event's id */
  say(room: string, content: object, more?: { type?: string; keepKeys?: boolean }): Promise<string>;
  /** Hands out the keys that `say` kept back. */
  shareKeys(room: string): Promise<void>;
  upload(bytes: Uint8Array): Promise<object>;
  download(file: { url: string }): Promise<Uint8Array>;
  close(): void;
}

export interface Message {
  readonly type: string;
  readonly sender: string;
  readonly content: Record<string, unknown>;
  readonly event_id: string;
  readonly encrypted: boolean;
}

type Request = Awaited<ReturnType<wasm.OlmMachine["outgoingRequests"]>>[number];

export async function createPerson(matrix: FakeMatrix, id: string, device: string): Promise<Person> {
  const token = `token-${device}`;
  matrix.world.addDevice(id, device, token);
  await wasm.initAsync();
  const machine = await wasm.OlmMachine.initialize(new wasm.UserId(id), new wasm.DeviceId(device));
  let since = "";
  const call = async (method: string, path: string, body?: string | Uint8Array<ArrayBuffer>): Promise<string> => {
    const type = typeof body === "string" ? "application/json" : "application/octet-stream";
    const headers = { authorization: `Bearer ${token}`, "content-type": type };
    const answer = await fetch(`${matrix.url}/_matrix${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text;
  };
  const path = (...parts: string[]) => parts.map((part) => `/${encodeURIComponent(part)}`).join("");
  const send = async (request: Request | wasm.KeysClaimRequest | wasm.ToDeviceRequest): Promise<void> => {
    const { event_type: type, txn_id: txn } = request as wasm.ToDeviceRequest;
    const where = {
      [wasm.RequestType.KeysUpload]: ["POST", "/client/v3/keys/upload"],
      [wasm.RequestType.KeysQuery]: ["POST", "/client/v3/keys/query"],
      [wasm.RequestType.KeysClaim]: ["POST", "/client/v3/keys/claim"],
      [wasm.RequestType.SignatureUpload]: ["POST", "/client/v3/keys/signatures/upload"],
      [wasm.RequestType.ToDevice]: ["PUT", `/client/v3/sendToDevice${path(type, txn)}`],
    }[request.type as number]!;
    const answer = await call(where[0]!, where[1]!, request.body);
    if (request.id !== undefined) await machine.markRequestAsSent(request.id, request.type, answer);
  };
  const pump = async () => {
    for (let round = 0; round < 5; round++) for (const request of await machine.outgoingRequests()) await send(request);
  };
  const settings = () => new wasm.DecryptionSettings(wasm.TrustRequirement.Untrusted);
  const keysFor = async (room: string) => {
    const users = () => matrix.world.members(room).map((user) => new wasm.UserId(user));
    await machine.updateTrackedUsers(users());
    await pump();
    const claim = await machine.getMissingSessions(users());
    if (claim) await send(claim);
    return machine.shareRoomKey(new wasm.RoomId(room), users(), new wasm.EncryptionSettings());
  };
  let kept: wasm.ToDeviceRequest[] = [];
  const person: Person = {
    id,
    machine,
    async settle() {
      await pump();
      const sync = JSON.parse(await call("GET", `/client/v3/sync?timeout=0${since === "" ? "" : `&since=${since}`}`)) as Sync;
      const changed = (sync.device_lists?.changed ?? []).map((user) => new wasm.UserId(user));
      await machine.receiveSyncChanges(
        JSON.stringify(sync.to_device?.events ?? []),
        new wasm.DeviceLists(changed, []),
        new Map(Object.entries(sync.device_one_time_keys_count ?? {})),
        undefined,
        settings(),
      );
      since = sync.next_batch;
      await pump();
      const messages: Message[] = [];
      for (const [room, { timeline }] of Object.entries(sync.rooms?.join ?? {})) {
        for (const event of timeline.events) {
          if (event.type !== "m.room.encrypted") messages.push({ ...event, encrypted: false });
          else {
            const opened = await machine.decryptRoomEvent(JSON.stringify({ ...event, room_id: room }), new wasm.RoomId(room), settings());
            messages.push({ ...(JSON.parse(opened.event) as Message), encrypted: true });
          }
        }
      }
      return messages;
    },
    async say(room, content, { type = "m.room.message", keepKeys = false } = {}) {
      kept = await keysFor(room);
      if (!keepKeys) await person.shareKeys(room);
      const sealed = await machine.encryptRoomEvent(new wasm.RoomId(room), type, JSON.stringify(content));
      const txn = `t${Math.random()}`;
      return (JSON.parse(await call("PUT", `/client/v3/rooms${path(room)}/send/m.room.encrypted/${txn}`, sealed)) as { event_id: string }).event_id;
    },
    async shareKeys() {
      for (const request of kept.splice(0)) await send(request);
    },
    async upload(bytes) {
      const sealed = wasm.Attachment.encrypt(bytes);
      const { content_uri: url } = JSON.parse(await call("POST", "/media/v3/upload", new Uint8Array(sealed.encryptedData))) as { content_uri: string };
      return { ...(JSON.parse(sealed.mediaEncryptionInfo!) as object), url };
    },
    async download(file) {
      const bytes = matrix.world.media.get(file.url.split("/").at(-1)!)!.bytes;
      return wasm.Attachment.decrypt(new wasm.EncryptedAttachment(new Uint8Array(bytes), JSON.stringify(file)));
    },
    close: () => machine.close(),
  };
  await person.settle();
  return person;
}

interface Sync {
  readonly next_batch: string;
  readonly rooms?: { readonly join?: Record<string, { readonly timeline: { readonly events: Message[] } }> };
  readonly to_device?: { readonly events: object[] };
  readonly device_lists?: { readonly changed?: string[] };
  readonly device_one_time_keys_count?: Record<string, number>;
}

/** What a homeserver knows: users, devices, rooms, and one stream of everything that happens, by which syncs are answered. */
import { randomBytes } from "node:crypto";
import type { Clock } from "../../../src/core/clock.ts";

export interface FakeEvent {
  readonly pos: number;
  readonly type: string;
  readonly event_id: string;
  readonly room_id: string;
  readonly sender: string;
  readonly origin_server_ts: number;
  content: Record<string, unknown>;
  readonly state_key?: string;
  readonly redacts?: string;
  unsigned: Record<string, unknown>;
  /** Device that sent it, which alone is told its transaction id. */
  readonly device?: string;
  readonly txn?: string;
}

export interface Device {
  readonly user: string;
  readonly id: string;
  token: string;
  keys?: Record<string, unknown>;
  readonly oneTime: Map<string, object>;
  fallback?: [string, object] | undefined;
  inbox: { readonly pos: number; readonly event: object }[];
}

export interface CrossSigning {
  master_key?: Record<string, unknown>;
  self_signing_key?: Record<string, unknown>;
  user_signing_key?: Record<string, unknown>;
}

export class World {
  readonly #clock: Pick<Clock, "now">;
  pos = 0;
  readonly devices = new Map<string, Device>();
  readonly passwords = new Map<string, string>();
  readonly names = new Map<string, string>();
  readonly rooms = new Map<string, FakeEvent[]>();
  readonly accountData = new Map<string, Map<string, object>>();
  readonly crossSigning = new Map<string, CrossSigning>();
  /** When a user's keys last changed. */
  readonly keysChanged = new Map<string, number>();
  readonly backups = new Map<string, { version: string; algorithm: string; auth_data: object; keys: Map<string, object> }>();
  readonly media = new Map<string, { bytes: Buffer; type: string }>();
  readonly watchers = new Set<() => void>();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  watch(look: () => void): () => void {
    this.watchers.add(look);
    return () => this.watchers.delete(look);
  }

  changed(): void {
    // A look may take itself out, and whoever is answered looks anew.
    Array.from(this.watchers).forEach((look) => look());
  }

  next(): number {
    return ++this.pos;
  }

  addDevice(user: string, id: string, token: string): Device {
    const device: Device = { user, id, token, oneTime: new Map(), inbox: [] };
    this.devices.set(`${user} ${id}`, device);
    return device;
  }

  createRoom(
    members: readonly string[],
    { encrypted = false, id = `!${randomBytes(8).toString("hex")}:test` }: { encrypted?: boolean; id?: string } = {},
  ): string {
    this.rooms.set(id, []);
    const [creator = "@ann:test"] = members;
    this.add(id, { type: "m.room.create", sender: creator, state_key: "", content: { room_version: "11" } });
    for (const user of members) this.member(id, user, "join");
    if (encrypted) this.encrypt(id, creator);
    return id;
  }

  encrypt(room: string, sender: string): void {
    this.add(room, { type: "m.room.encryption", sender, state_key: "", content: { algorithm: "m.megolm.v1.aes-sha2" } });
  }

  member(room: string, user: string, membership: "join" | "invite" | "leave", more: { sender?: string; content?: object } = {}): FakeEvent {
    const before = this.state(room).find(({ type, state_key }) => type === "m.room.member" && state_key === user);
    const name = this.names.get(user);
    return this.add(room, {
      type: "m.room.member",
      sender: more.sender ?? user,
      state_key: user,
      content: { membership, ...(name === undefined ? {} : { displayname: name }), ...more.content },
      unsigned: before === undefined ? {} : { prev_content: before.content },
    });
  }

  add(room: string, given: Pick<FakeEvent, "type" | "sender" | "content"> & Partial<FakeEvent>): FakeEvent {
    const event: FakeEvent = {
      pos: this.next(),
      event_id: `$${randomBytes(16).toString("base64url")}`,
      room_id: room,
      origin_server_ts: this.#clock.now(),
      unsigned: {},
      ...given,
    };
    this.rooms.get(room)!.push(event);
    if (event.type === "m.room.redaction") {
      const target = this.find(String(event.redacts ?? event.content["redacts"]));
      if (target !== undefined) {
        target.content = {};
        target.unsigned = { ...target.unsigned, redacted_because: { event_id: event.event_id } };
      }
    }
    this.changed();
    return event;
  }

  find(id: string): FakeEvent | undefined {
    return [...this.rooms.values()].flat().find((event) => event.event_id === id);
  }

  state(room: string): FakeEvent[] {
    const newest = new Map<string, FakeEvent>();
    for (const event of this.rooms.get(room) ?? []) if (event.state_key !== undefined) newest.set(`${event.type} ${event.state_key}`, event);
    return [...newest.values()];
  }

  membership(room: string, user: string): string | undefined {
    return this.state(room).find(({ type, state_key }) => type === "m.room.member" && state_key === user)?.content["membership"] as string | undefined;
  }

  members(room: string): string[] {
    return this.state(room)
      .filter(({ type, content }) => type === "m.room.member" && content["membership"] === "join")
      .map(({ state_key }) => state_key!);
  }

  touchKeys(user: string): void {
    this.keysChanged.set(user, this.next());
    this.changed();
  }

  toDevice(user: string, device: string, event: object): void {
    for (const one of this.devices.values()) {
      if (one.user === user && (device === "*" || one.id === device)) one.inbox.push({ pos: this.next(), event });
    }
    this.changed();
  }

  accountDataOf(user: string): Map<string, object> {
    const known = this.accountData.get(user) ?? new Map<string, object>();
    this.accountData.set(user, known);
    return known;
  }

  /** What an event looks like to a device. */
  shown(event: FakeEvent, device: Device): object {
    const { pos: _pos, device: by, txn, room_id: _room, ...rest } = event;
    const unsigned = by === device.id && event.sender === device.user && txn !== undefined ? { ...event.unsigned, transaction_id: txn } : event.unsigned;
    return { ...rest, unsigned };
  }

  /** @returns undefined when nothing has happened since. */
  sync(device: Device, since: number | undefined, { full, limit }: { full: boolean; limit: number }): object | undefined {
    const join: Record<string, object> = {};
    const invite: Record<string, object> = {};
    const leave: Record<string, object> = {};
    const from = since ?? 0;
    for (const [id, events] of this.rooms) {
      const own = events.findLast(({ type, state_key }) => type === "m.room.member" && state_key === device.user);
      const membership = own?.content["membership"];
      const fresh = events.filter(({ pos }) => pos > from);
      const shown = (list: readonly FakeEvent[]) => list.map((event) => this.shown(event, device));
      if (membership === "join") {
        const justJoined = own!.pos > from && (own!.unsigned["prev_content"] as { membership?: string } | undefined)?.membership !== "join";
        if (fresh.length === 0 && !full) continue;
        const timeline = fresh.slice(-limit);
        const first = timeline[0]?.pos ?? this.pos + 1;
        const state = since === undefined || full || justJoined ? this.state(id).filter(({ pos }) => pos < first) : [];
        const between = this.state(id).filter(({ pos }) => pos > from && pos < first && !state.some((one) => one.pos === pos));
        join[id] = {
          state: { events: shown([...state, ...between]) },
          timeline: { events: shown(timeline), limited: timeline.length < fresh.length, prev_batch: `t${first}` },
        };
      } else if (membership === "invite" && own!.pos > from) {
        const stripped = this.state(id).map(({ type, sender, state_key, content }) => ({ type, sender, state_key, content }));
        invite[id] = { invite_state: { events: stripped } };
      } else if (membership === "leave" && own!.pos > from) leave[id] = { timeline: { events: shown(fresh) } };
    }
    device.inbox = device.inbox.filter(({ pos }) => pos > from);
    const mail = device.inbox.map(({ event }) => event);
    const changed = [...this.keysChanged].filter(([user, pos]) => pos > from && this.#share(device.user, user)).map(([user]) => user);
    const rooms = {
      ...(Object.keys(join).length > 0 && { join }),
      ...(Object.keys(invite).length > 0 && { invite }),
      ...(Object.keys(leave).length > 0 && { leave }),
    };
    if (Object.keys(rooms).length === 0 && mail.length === 0 && changed.length === 0 && since !== undefined && !full) return undefined;
    return {
      next_batch: `s${this.pos}`,
      ...(Object.keys(rooms).length > 0 && { rooms }),
      ...(mail.length > 0 && { to_device: { events: mail } }),
      device_lists: { changed, left: [] },
      device_one_time_keys_count: { signed_curve25519: device.oneTime.size },
      device_unused_fallback_key_types: device.fallback === undefined ? [] : ["signed_curve25519"],
    };
  }

  #share(one: string, other: string): boolean {
    return one === other || [...this.rooms.keys()].some((room) => this.membership(room, one) === "join" && this.membership(room, other) === "join");
  }
}

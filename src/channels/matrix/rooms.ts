import type { WireEvent } from "./wire.ts";

/** What is known of a room that we are in, from its state. */
interface Room {
  readonly members: Map<string, { readonly membership: "join" | "invite"; readonly name?: string }>;
  encrypted: boolean;
  /** We were invited to it as to a conversation of two. */
  invitedDirect: boolean;
}

/** The rooms of one account. Nothing is ever asked for when somebody does something: all of it comes with sync (sec-34). */
export class Rooms {
  /** Rooms that `m.direct` lists, with the person each is for. */
  directs: Readonly<Record<string, readonly string[]>> = {};
  /** Rooms we are invited to and not in, with who invites. */
  readonly invites = new Map<string, { readonly sender: string; readonly direct: boolean }>();
  readonly #rooms = new Map<string, Room>();
  readonly #me: () => string;

  constructor(me: () => string) {
    this.#me = me;
  }

  has(id: string): boolean {
    return this.#rooms.has(id);
  }

  /** What has happened while nobody listened is not known: a room may be encrypted by now. */
  clear(): void {
    this.#rooms.clear();
    this.invites.clear();
  }

  forget(id: string): void {
    this.#rooms.delete(id);
  }

  /** @returns whether the event changed who is in the room, or that it is encrypted. */
  apply(id: string, event: WireEvent): boolean {
    const { type, state_key: key, content = {}, unsigned } = event;
    if (key === undefined) return false;
    const room = this.#room(id);
    if (type === "m.room.encryption") {
      // Never back: a server that says so is not believed.
      const news = !room.encrypted;
      room.encrypted = true;
      return news;
    }
    if (type !== "m.room.member") return false;
    const { membership, displayname, is_direct: direct } = content;
    if (membership === "join" || membership === "invite")
      room.members.set(key, { membership, ...(typeof displayname === "string" ? { name: displayname.slice(0, 100) } : {}) });
    else room.members.delete(key);
    if (cameIn(event, this.#me())) {
      const invited = unsigned?.prev_content?.["is_direct"] === true || this.invites.get(id)?.direct === true;
      room.invitedDirect = direct === true || invited;
    }
    return true;
  }

  encrypted(id: string): boolean {
    return this.#rooms.get(id)?.encrypted === true;
  }

  markEncrypted(id: string): void {
    this.#room(id).encrypted = true;
  }

  /** Joined and invited. */
  members(id: string): string[] {
    return [...(this.#rooms.get(id)?.members.keys() ?? [])];
  }

  name(id: string, user: string): string | undefined {
    return this.#rooms.get(id)?.members.get(user)?.name;
  }

  /** Of two alone, and meant so: a third who comes in makes it a group, whatever the lists say (sec-32). */
  isDirect(id: string): boolean {
    const room = this.#rooms.get(id);
    if (room === undefined) return this.invites.get(id)?.direct === true;
    if (room.members.size > 2) return false;
    return room.invitedDirect || Object.values(this.directs).some((rooms) => Array.isArray(rooms) && rooms.includes(id));
  }

  #room(id: string): Room {
    const known = this.#rooms.get(id);
    if (known !== undefined) return known;
    const room: Room = { members: new Map(), encrypted: false, invitedDirect: this.invites.get(id)?.direct === true };
    this.#rooms.set(id, room);
    return room;
  }
}

/** Whether a user came into the room by this event; a new name or picture is told by one of the same kind. What was said before was not said to them. */
export function cameIn({ type, state_key: key, content, unsigned }: WireEvent, user: string): boolean {
  if (type !== "m.room.member" || key !== user || content?.["membership"] !== "join") return false;
  const before = unsigned?.prev_content;
  return before === undefined ? unsigned?.replaces_state === undefined : before["membership"] !== "join";
}

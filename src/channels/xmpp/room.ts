/** One room (XEP-0045): whether we are in it, and who is who there. Always true: a nick alone is nobody. */
import type { Element } from "@xmpp/client";
import type { Sender } from "../../core/update.ts";
import { bareOf, resourceOf } from "./jid.ts";
import { NS } from "./ns.ts";

const MAX_REMEMBERED = 2_000;

export class Room {
  readonly jid: string;
  /** Our account's bare address. */
  readonly #me: string;
  readonly #wanted: string;
  /** Our name there, as it stands. */
  nick: string;
  joined = false;
  /** Why we are not in it, in words; undefined while we are, or are about to be. */
  refusal: string | undefined;
  /** Whether the room keeps what is said and names it. */
  archived = false;
  /** Whether the room itself vouches for occupant ids (XEP-0421 section 4): without that anybody may write one into their message. */
  vouches = false;
  readonly #people = new Map<string, { readonly jid: string | undefined; readonly occupant: string | undefined }>();
  /** What the room calls a message, by sender and the sender's own name of it; and who said what the room calls so. */
  readonly #names = new Map<string, string>();
  readonly #authors = new Map<string, { readonly id: string; readonly nick: string }>();
  /** What we said there, by the room's name of it. */
  readonly #ours = new Set<string>();

  constructor(jid: string, nick: string, me: string) {
    this.jid = jid;
    this.nick = nick;
    this.#wanted = nick;
    this.#me = me;
  }

  /** A new login: nobody is in the room as far as we know. */
  left(): void {
    this.joined = false;
    this.nick = this.#wanted;
    this.#people.clear();
  }

  /** Somebody comes, goes or is known better. */
  seen(presence: Element): void {
    const nick = resourceOf(presence.attrs["from"] ?? "");
    if (presence.attrs["type"] === "unavailable") return void this.#people.delete(nick);
    const jid = presence.getChild("x", NS.mucUser)?.getChild("item", NS.mucUser)?.attrs["jid"];
    this.#people.set(nick, { jid: jid === undefined ? undefined : bareOf(jid), occupant: this.#occupantOf(presence) });
  }

  /**
   * The real address where the room shows it, else the id that the room gives; else something that is nobody's for long.
   * @param kept out of the archive, where the message itself bears the room's word about its author (XEP-0313 section 5.1.2); live anybody could write it.
   */
  senderOf(stanza: Element, kept: boolean): Sender {
    const nick = resourceOf(stanza.attrs["from"] ?? "");
    const told = stanza.getChild("x", NS.mucUser)?.getChild("item", NS.mucUser)?.attrs["jid"];
    // Who has a nick now may not be who had it then.
    const known = kept ? undefined : this.#people.get(nick);
    const jid = kept && told !== undefined ? bareOf(told) : known?.jid;
    const occupant = this.#occupantOf(stanza) ?? known?.occupant;
    const id = jid ?? (occupant === undefined ? `nick:${this.jid}/${nick}` : `occupant:${this.jid}/${occupant}`);
    return { id, name: nick, username: nick };
  }

  isUs(stanza: Element, kept: boolean): boolean {
    if (!kept) return resourceOf(stanza.attrs["from"] ?? "") === this.nick;
    const { id } = this.senderOf(stanza, true);
    if (id.startsWith("nick:")) return resourceOf(stanza.attrs["from"] ?? "") === this.nick;
    const we = this.#people.get(this.nick);
    return id === this.#me || (we?.occupant !== undefined && id === `occupant:${this.jid}/${we.occupant}`);
  }

  /** What somebody said under a name of their own is called `name` by the room. */
  remember({ id, name: nick = "" }: Sender, own: string, name: string): void {
    keep(this.#names, `${id} ${own}`, name);
    keep(this.#authors, name, { id, nick });
  }

  /** The address in the room of whoever said what the room calls `name`. */
  seatOf(name: string): string | undefined {
    const author = this.#authors.get(name);
    return author === undefined ? undefined : `${this.jid}/${author.nick}`;
  }

  /** The room's name of what `sender` calls `own`; when that is not known, as it is. */
  nameOf(sender: string, own: string): string {
    return this.#names.get(`${sender} ${own}`) ?? own;
  }

  /** Whether `sender` said what the room calls `name`, as far as we know. */
  said(sender: string, name: string): boolean {
    return this.#authors.get(name)?.id === sender;
  }

  rememberOurs(name: string): void {
    this.#ours.add(name);
    if (this.#ours.size > MAX_REMEMBERED) this.#ours.delete(this.#ours.values().next().value!);
  }

  /** A mention of us (XEP-0372), or an answer to what we said (XEP-0461). */
  mentions(stanza: Element): boolean {
    const us = new Set([this.#me, `${this.jid}/${this.nick}`]);
    const meant = stanza
      .getChildren("reference", NS.reference)
      .some(({ attrs }) => attrs["type"] === "mention" && us.has(decoded((attrs["uri"] ?? "").replace(/^xmpp:/, "").split("?", 1)[0]!)));
    const reply = stanza.getChild("reply", NS.reply)?.attrs;
    return meant || (reply !== undefined && (us.has(reply["to"] ?? "") || this.#ours.has(reply["id"] ?? "")));
  }

  /** Somebody else has our name there. */
  tryOther(): boolean {
    if (this.nick.length > 60) return false;
    this.nick += "_";
    return true;
  }

  #occupantOf(stanza: Element): string | undefined {
    return this.vouches ? stanza.getChild("occupant-id", NS.occupant)?.attrs["id"] : undefined;
  }
}

function keep<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > MAX_REMEMBERED) map.delete(map.keys().next().value!);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

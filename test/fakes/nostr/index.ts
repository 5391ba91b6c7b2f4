/** A Nostr relay over a real WebSocket (NIP-01, NIP-42), and people who write private messages (NIP-17), with faults to order. */
import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import { type Filter, matchFilter } from "nostr-tools/filter";
import { npubEncode } from "nostr-tools/nip19";
import { encrypt, getConversationKey } from "nostr-tools/nip44";
import { createRumor, createSeal, createWrap, unwrapEvent } from "nostr-tools/nip59";
import { type Event, finalizeEvent, generateSecretKey, getPublicKey, verifyEvent } from "nostr-tools/pure";
import { type WebSocket, WebSocketServer } from "ws";
import { waitFor } from "../wait-for.ts";

export type FakeRelay = Awaited<ReturnType<typeof startFakeRelay>>;

interface Client {
  readonly asked: Map<string, Filter>;
  readonly challenge: string;
  known: string | undefined;
}

/** @param options.auth tells gift wraps to nobody but whom they are for, and takes events of nobody unknown */
export async function startFakeRelay({ auth = false }: { auth?: boolean } = {}) {
  const stored = new Map<string, Event>();
  const clients = new Map<WebSocket, Client>();
  const faults: { readonly ok?: string; readonly silent?: boolean }[] = [];
  const words: string[] = [];
  const filters: Filter[] = [];
  const watchers = new Set<() => void>();
  const changed = () => watchers.forEach((watch) => watch());
  let broken = false;
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, verifyClient: () => !broken });
  await new Promise<void>((resolve) => void server.once("listening", resolve));
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const say = (socket: WebSocket, ...message: unknown[]) => socket.send(JSON.stringify(message));
  const put = (event: Event) => {
    stored.set(event.id, event);
    for (const [socket, { asked }] of clients) for (const [id, filter] of asked) if (matchFilter(filter, event)) say(socket, "EVENT", id, event);
    changed();
  };
  const take = (socket: WebSocket, client: Client, event: Event) => {
    if (!verifyEvent(event)) return say(socket, "OK", event.id, false, "invalid: bad signature");
    if (auth && client.known === undefined) return say(socket, "OK", event.id, false, "auth-required: who are you?");
    // What one has been told to do to what people are sent.
    const fault = event.kind === 1_059 && event.tags[0]?.[1] !== relay.bot ? faults.shift() : undefined;
    if (fault?.ok !== undefined) return say(socket, "OK", event.id, false, fault.ok);
    const known = stored.has(event.id);
    if (!known) put(event);
    if (fault?.silent !== true) say(socket, "OK", event.id, true, known ? "duplicate: I have it" : "");
  };
  const introduce = (socket: WebSocket, client: Client, event: Event) => {
    const tag = (name: string) => event.tags.find(([key]) => key === name)?.[1];
    const right = verifyEvent(event) && event.kind === 22_242 && tag("challenge") === client.challenge && tag("relay") === url;
    if (right) client.known = event.pubkey;
    say(socket, "OK", event.id, right, right ? "" : "invalid: not you");
  };
  const ask = (socket: WebSocket, client: Client, id: string, filter: Filter) => {
    filters.push(filter);
    if (relay.mute) return;
    if (auth && filter.kinds?.includes(1_059) === true && filter["#p"]?.[0] !== client.known) return say(socket, "CLOSED", id, "auth-required: only yours");
    client.asked.set(id, filter);
    const found = [...stored.values()].filter((event) => matchFilter(filter, event)).toSorted((a, b) => b.created_at - a.created_at);
    for (const event of found.slice(0, filter.limit ?? 500)) say(socket, "EVENT", id, event);
    say(socket, "EOSE", id);
  };

  server.on("connection", (socket) => {
    const client: Client = { asked: new Map(), challenge: randomBytes(8).toString("hex"), known: undefined };
    clients.set(socket, client);
    if (auth) say(socket, "AUTH", client.challenge);
    socket.on("message", (data) => {
      const [word, first, second] = JSON.parse(String(data)) as [string, unknown, unknown];
      words.push(word);
      if (word === "EVENT") take(socket, client, first as Event);
      if (word === "AUTH") introduce(socket, client, first as Event);
      if (word === "REQ") ask(socket, client, first as string, second as Filter);
      if (word === "CLOSE") client.asked.delete(first as string);
      changed();
    });
    socket.on("close", () => {
      clients.delete(socket);
      changed();
    });
    socket.on("error", () => {});
    changed();
  });

  const relay = {
    url,
    stored,
    faults,
    words,
    filters,
    /** Whose own copies faults leave alone. */
    bot: "",
    /** Answers no questions. */
    mute: false,
    put,
    /** Somebody waits for what is for this key. */
    waits: (pubkey: string) => [...clients.values()].some(({ asked }) => [...asked.values()].some((filter) => filter["#p"]?.includes(pubkey))),
    notice: (text: string) => clients.forEach((_, socket) => say(socket, "NOTICE", text)),
    raw: (text: string) => clients.forEach((_, socket) => socket.send(text)),
    cut: () => clients.forEach((_, socket) => socket.terminate()),
    refuse(wanted: boolean) {
      broken = wanted;
      if (broken) clients.forEach((_, socket) => socket.terminate());
    },
    until: (condition: () => boolean) => waitFor(watchers, condition),
    async close() {
      clients.forEach((_, socket) => socket.terminate());
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
  return relay;
}

export interface Person {
  readonly pubkey: string;
  readonly npub: string;
  /** Says on this relay where their inbox is. */
  announce(relay: FakeRelay, inbox: readonly string[]): void;
  /** A wrap for `reader`; the date on it lies up to two days back. */
  wrap(content: string, reader: string, more?: { kind?: number; tags?: string[][]; at?: number; back?: number; as?: string }): { event: Event; id: string };
  /** What was said to them, oldest first. */
  said(relays: readonly FakeRelay[]): { id: string; content: string; kind: number; tags: string[][] }[];
}

export function person(): Person {
  const key = generateSecretKey();
  const pubkey = getPublicKey(key);
  return {
    pubkey,
    npub: npubEncode(pubkey),
    announce: (relay, inbox) =>
      relay.put(finalizeEvent({ kind: 10_050, tags: inbox.map((url) => ["relay", url]), content: "", created_at: Math.floor(Date.now() / 1_000) }, key)),
    wrap(content, reader, { kind = 14, tags = [["p", reader]], at = Math.floor(Date.now() / 1_000), back = 0, as } = {}) {
      const rumor = { ...createRumor({ kind, tags, content, created_at: at }, key), ...(as === undefined ? {} : { pubkey: as }) };
      const seal = createSeal(rumor, key, reader);
      return { event: back === 0 ? createWrap(seal, reader) : wrapAt(seal, reader, Math.floor(Date.now() / 1_000) - back), id: rumor.id };
    },
    said(relays) {
      const found = new Map<string, { id: string; content: string; kind: number; tags: string[][]; created_at: number }>();
      for (const relay of relays)
        for (const event of relay.stored.values()) {
          if (event.kind !== 1_059 || event.tags[0]?.[1] !== pubkey) continue;
          const rumor = unwrapEvent(event, key);
          found.set(rumor.id, rumor);
        }
      return [...found.values()].toSorted((a, b) => a.created_at - b.created_at);
    },
  };
}

/** A wrap with a date of our choosing: the library chooses one by chance. */
function wrapAt(seal: Event, reader: string, created_at: number): Event {
  const once = generateSecretKey();
  return finalizeEvent({ kind: 1_059, tags: [["p", reader]], content: encrypt(JSON.stringify(seal), getConversationKey(once, reader)), created_at }, once);
}

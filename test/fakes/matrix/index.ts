/** A Matrix homeserver as far as clients see it: rooms, sync, transaction ids, media, keys and key backup over real HTTP, with faults to order. */
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "../../../src/core/clock.ts";
import { realClock } from "../real-clock.ts";
import { waitFor } from "../wait-for.ts";
import type { Answer, Asked } from "./asked.ts";
import { backupKeys, backupVersion, firstDevice, keysClaim, keysQuery, keysUpload, sendToDevice, signaturesUpload, signingUpload } from "./keys.ts";
import { type Device, type FakeEvent, World } from "./world.ts";

export interface Fault {
  /** e.g. `PUT /client/v3/rooms/`, as the beginning of method and path. */
  readonly call: string;
  readonly status?: number;
  readonly body?: object;
  readonly headers?: Record<string, string>;
  /** Done, but the answer is lost. */
  readonly drop?: boolean;
  /** Never answered. */
  readonly hang?: boolean;
}

const notThere = (): Answer => ({ status: 403, body: { errcode: "M_FORBIDDEN", error: "You are not in the room." } });

export const BOT = "@clanker:test";
export const ANN = "@ann:test";
export const PASSWORD = "canary-matrix-password";

export type FakeMatrix = Awaited<ReturnType<typeof startFakeMatrix>>;

export async function startFakeMatrix({ token, clock = realClock }: { token: string; clock?: Clock }) {
  const world = new World(clock);
  world.names.set(BOT, "Clanker");
  world.names.set(ANN, "Ann");
  world.passwords.set(BOT, PASSWORD);
  const bot = world.addDevice(BOT, "BOTDEVICE", token);
  /** What must never happen, and did. */
  const invariants: string[] = [];
  const faults: Fault[] = [];
  const calls: { call: string; body: unknown; user: string }[] = [];
  const transactions = new Map<string, Answer>();
  const acknowledged = new Map<Device, number>();
  /** Timers of syncs that are held. */
  const waiting = new Set<() => void>();
  const settings = { uia: false, limit: 50 };
  let refused = false;
  const direct = world.createRoom([ANN, BOT]);
  world.accountDataOf(BOT).set("m.direct", { [ANN]: [direct] });
  const town = world.createRoom([ANN, "@eve:test", BOT]);

  const route = (asked: Asked, parts: readonly string[]): Answer | Promise<Answer> => {
    const { method, device, url } = asked;
    const [area, version, first = "", second = "", third = "", fourth = "", fifth = ""] = parts;
    if (area === "media" && method === "POST") {
      const id = randomBytes(12).toString("hex");
      world.media.set(id, { bytes: asked.bytes, type: String(url.searchParams.get("type") ?? "") });
      return { body: { content_uri: `mxc://test/${id}` } };
    }
    switch (`${method} ${first}`) {
      case "GET account":
        return { body: { user_id: device.user, device_id: device.id } };
      case "GET profile":
        return { body: { displayname: world.names.get(second) } };
      case "GET sync":
        return sync(asked);
      case "POST join":
        if (world.membership(second, device.user) === undefined) return notThere();
        if (world.membership(second, device.user) !== "join") world.member(second, device.user, "join");
        return { body: { room_id: second } };
      case "POST keys":
        if (second === "upload") return keysUpload(world, asked);
        if (second === "query") return keysQuery(world, asked);
        if (second === "claim") return keysClaim(world, asked);
        return second === "device_signing" ? signingUpload(world, asked) : signaturesUpload(world, asked);
      case "PUT sendToDevice":
        return once(asked, parts, () => sendToDevice(world, asked, second));
      case "GET room_keys":
      case "POST room_keys":
      case "PUT room_keys":
        return second === "version" ? backupVersion(world, asked) : backupKeys(world, asked, [third, fourth].filter(Boolean));
      case "GET user":
      case "PUT user":
        return accountData(asked, fourth);
      case "POST rooms":
        return { body: {} };
      case "PUT rooms":
      case "GET rooms":
        return version === "v1" ? relations(asked, second, fourth) : inRoom(asked, { room: second, what: third, rest: [fourth, fifth], parts });
      default:
        return { status: 404, body: { errcode: "M_UNRECOGNIZED", error: `Unrecognized request ${method} ${url.pathname}` } };
    }
  };

  const inRoom = (
    asked: Asked,
    { room, what, rest: [a = "", b = ""], parts }: { room: string; what: string; rest: string[]; parts: readonly string[] },
  ): Answer => {
    const { method, device, body, url } = asked;
    if (world.membership(room, device.user) !== "join") return notThere();
    const add = (given: Parameters<World["add"]>[1]) => ({ body: { event_id: world.add(room, given).event_id } });
    const sent = { sender: device.user, device: device.id, txn: b };
    if (what === "send" && a === "m.reaction" && reacted(room, device.user, body as FakeEvent["content"]))
      return { status: 400, body: { errcode: "M_DUPLICATE_ANNOTATION", error: "Can't send same reaction twice" } };
    if (what === "send") return once(asked, parts, () => add({ ...sent, type: a, content: body as FakeEvent["content"] }));
    if (what === "redact") return once(asked, parts, () => add({ ...sent, type: "m.room.redaction", content: { redacts: a } }));
    if (what === "typing") return { body: {} };
    if (what === "event") {
      const event = world.rooms.get(room)!.find(({ event_id: id }) => id === a);
      return event === undefined ? { status: 404, body: { errcode: "M_NOT_FOUND", error: "Event not found." } } : { body: world.shown(event, device) };
    }
    if (what === "messages") return messages(device, room, url);
    if (what === "state" && method === "PUT") return add({ sender: device.user, type: a, state_key: b, content: body as FakeEvent["content"] });
    if (what === "state" && a === "") return { body: world.state(room).map((event) => world.shown(event, device)) };
    const found = world.state(room).find(({ type, state_key: key }) => type === a && key === b);
    return found === undefined ? { status: 404, body: { errcode: "M_NOT_FOUND", error: "Event not found." } } : { body: found.content };
  };

  /** The same reaction of the same person stands there (v1.7, "Avoiding duplicate annotations"). */
  const reacted = (room: string, user: string, content: FakeEvent["content"]): boolean => {
    const about = (one: FakeEvent["content"]) => JSON.stringify(one["m.relates_to"]);
    return world.rooms.get(room)!.some(({ type, sender, content: there }) => type === "m.reaction" && sender === user && about(there) === about(content));
  };

  const messages = (device: Device, room: string, url: URL): Answer => {
    const position = (name: string, none: number) => Number(url.searchParams.get(name)?.slice(1) ?? none);
    const from = position("from", world.pos + 1);
    const limit = Number(url.searchParams.get("limit") ?? 10);
    const before = world.rooms.get(room)!.filter(({ pos }) => pos < from && pos > position("to", 0));
    const chunk = before.slice(-limit).toReversed();
    return {
      body: {
        chunk: chunk.map((event) => world.shown(event, device)),
        start: `t${from}`,
        ...(before.length > chunk.length && { end: `t${chunk.at(-1)!.pos}` }),
      },
    };
  };

  const relations = ({ device }: Asked, room: string, target: string): Answer => {
    const related = world.rooms.get(room)!.filter(({ content }) => (content["m.relates_to"] as { event_id?: string } | undefined)?.event_id === target);
    return { body: { chunk: related.map((event) => world.shown(event, device)) } };
  };

  const accountData = ({ method, device, body }: Asked, type: string): Answer => {
    const data = world.accountDataOf(device.user);
    if (method === "PUT") data.set(type, body as object);
    const found = data.get(type);
    return method === "PUT"
      ? { body: {} }
      : found === undefined
        ? { status: 404, body: { errcode: "M_NOT_FOUND", error: "Account data not found" } }
        : { body: found };
  };

  /** The same transaction of the same device is answered as it was the first time. */
  const once = ({ device }: Asked, parts: readonly string[], work: () => Answer): Answer => {
    const key = `${device.user} ${device.id} ${parts.join("/")}`;
    const answer = transactions.get(key) ?? work();
    transactions.set(key, answer);
    return answer;
  };

  const sync = async ({ device, url }: Asked): Promise<Answer> => {
    const since = url.searchParams.get("since");
    const from = since === null ? undefined : Number(since.slice(1));
    if (from !== undefined && (Number.isNaN(from) || from > world.pos)) return { status: 400, body: { errcode: "M_UNKNOWN", error: "Invalid stream token" } };
    acknowledged.set(device, Math.max(from ?? 0, acknowledged.get(device) ?? 0));
    world.changed();
    const options = { full: url.searchParams.get("full_state") === "true", limit: settings.limit };
    const now = world.sync(device, from, options);
    const timeout = Number(url.searchParams.get("timeout") ?? 0);
    const quiet = { body: { next_batch: since ?? "s0", device_one_time_keys_count: { signed_curve25519: device.oneTime.size } } };
    if (now !== undefined) return { body: now };
    if (timeout === 0) return quiet;
    return new Promise((resolve) => {
      const end = (answer: Answer) => {
        cancel();
        waiting.delete(cancel);
        off();
        resolve(answer);
      };
      const cancel = clock.timer(timeout, () => end(quiet));
      waiting.add(cancel);
      const off = world.watch(() => {
        const found = refused ? {} : world.sync(device, from, options);
        if (found !== undefined) end({ body: found });
      });
    });
  };

  const server = createServer((request, response) => void answer(request, response));
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    const url = new URL(request.url!, "http://x");
    const parts = url.pathname.split("/").slice(2).map(decodeURIComponent);
    const method = request.method!;
    const body: unknown = request.headers["content-type"] === "application/json" && bytes.length > 0 ? JSON.parse(bytes.toString()) : undefined;
    const call = `${method} /${parts.join("/")}`;
    const device = firstDevice(world, request.headers.authorization?.replace("Bearer ", "") ?? "");
    calls.push({ call, body, user: device?.user ?? "" });
    // A PUT that fails on a connection that was used before is repeated by our own door to the network: then nothing would be seen of a lost answer.
    response.shouldKeepAlive = false;
    const reply = ({ status = 200, body: content, headers = {} }: Answer) =>
      void response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(content));
    if (refused && device?.user !== ANN) return void request.socket.destroy();
    const at = faults.findIndex((fault) => call.startsWith(fault.call));
    const [fault] = at < 0 ? [] : faults.splice(at, 1);
    if (fault?.status !== undefined)
      return reply({ status: fault.status, body: fault.body ?? { errcode: "M_UNKNOWN", error: "ordered" }, ...(fault.headers && { headers: fault.headers }) });
    if (fault?.hang === true) return;
    if (call === "POST /client/v3/login") return reply(login(body as Parameters<typeof login>[0]));
    if (device === undefined) return reply({ status: 401, body: { errcode: "M_UNKNOWN_TOKEN", error: "Unrecognised access token" } });
    if (parts.includes("download")) return download(response, parts.at(-1)!);
    const given = await route({ method, url, body, bytes, device, invariants, settings }, parts);
    world.changed();
    if (refused && device.user !== ANN) return void request.socket.destroy();
    return fault?.drop === true ? void request.socket.destroy() : reply(given);
  };

  const login = ({
    identifier,
    password,
    device_id: id = randomBytes(5).toString("hex").toUpperCase(),
  }: {
    identifier: { user: string };
    password: string;
    device_id?: string;
  }): Answer => {
    if (world.passwords.get(identifier.user) !== password) return { status: 403, body: { errcode: "M_FORBIDDEN", error: "Invalid username or password" } };
    const made = `canary-token-${randomBytes(8).toString("hex")}`;
    const known = world.devices.get(`${identifier.user} ${id}`);
    if (known === undefined) world.addDevice(identifier.user, id, made);
    else known.token = made;
    return { body: { user_id: identifier.user, device_id: id, access_token: made } };
  };

  const download = (response: ServerResponse, id: string): void => {
    const file = world.media.get(id);
    if (file === undefined) return void response.writeHead(404, { "content-type": "application/json" }).end('{"errcode":"M_NOT_FOUND","error":"Not found"}');
    response.writeHead(200, { "content-type": file.type || "application/octet-stream" }).end(file.bytes);
  };

  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    world,
    bot,
    direct,
    town,
    faults,
    calls,
    invariants,
    settings,
    /** The position that a device has told it has taken in. */
    acknowledged: (device: Device) => acknowledged.get(device) ?? 0,
    say: (text: string, more: { room?: string; from?: string; content?: object; type?: string } = {}): FakeEvent =>
      world.add(more.room ?? direct, {
        type: more.type ?? "m.room.message",
        sender: more.from ?? ANN,
        content: { msgtype: "m.text", body: text, ...more.content },
      }),
    /** What stands in a room of ours, edits applied, redacted ones left out. */
    texts(room: string): string[] {
      const events = world.rooms.get(room)!.filter(({ type, sender, content }) => sender === BOT && type === "m.room.message" && content["body"] !== undefined);
      const relation = ({ content }: FakeEvent) => content["m.relates_to"] as { rel_type?: string; event_id?: string } | undefined;
      const edits = events.filter((event) => relation(event)?.rel_type === "m.replace");
      return events
        .filter((event) => !edits.includes(event))
        .map((event) => {
          const edit = edits.findLast((one) => relation(one)?.event_id === event.event_id);
          return String((edit === undefined ? event.content : (edit.content["m.new_content"] as Record<string, unknown>))["body"]);
        });
    },
    refuse(value: boolean): void {
      refused = value;
      // Whoever waits in a long poll is cut off, as when a cable is pulled.
      world.changed();
      if (value) server.closeAllConnections();
    },
    until: (condition: () => boolean) => waitFor(world.watchers, condition),
    async close(): Promise<void> {
      waiting.forEach((cancel) => cancel());
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/**
 * Google as far as a Chat app sees it: public keys, the token endpoint (which checks the service account's real signature) and the Chat API (v1), over one HTTP server.
 * Messages are made once for a request id and once for a name, as the reference says.
 */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { jwtVerify } from "jose";
import { createRsaIssuer, rsaKey, type Signing } from "../rsa-issuer.ts";
import { waitFor } from "../wait-for.ts";

export const PROJECT = "123456789012";
export const ANN = "107946847022116401880";
export const DIRECT = "AAAAdirect";
export const TOWN = "AAAAtown";
const EMAIL = "clanker@project.iam.gserviceaccount.com";
const APP_USER = { name: "users/999", displayName: "Clanker", type: "BOT" };

export interface FakeMessage {
  name: string;
  text?: string;
  thread?: { name: string };
  cardsV2?: { cardId: string; card: { sections: { widgets: Record<string, unknown>[] }[] } }[];
  [key: string]: unknown;
}

export interface Fault {
  /** Beginning of method and path. */
  readonly call: string;
  readonly status?: number;
  readonly body?: object;
  readonly headers?: Record<string, string>;
  /** Done, but the answer is lost. */
  readonly drop?: boolean;
  /** Never answered. */
  readonly hang?: boolean;
}

export type FakeGoogleChat = Awaited<ReturnType<typeof startFakeGoogleChat>>;

export async function startFakeGoogleChat() {
  const issuer = createRsaIssuer();
  // The service account's own key, which Google has the public half of.
  const own = rsaKey(3);
  const messages = new Map<string, FakeMessage>();
  const requests = new Map<string, string>();
  const spaces = new Map<string, Record<string, unknown>>([
    [DIRECT, { name: `spaces/${DIRECT}`, type: "DM", spaceType: "DIRECT_MESSAGE", singleUserBotDm: true, spaceThreadingState: "UNTHREADED_MESSAGES" }],
    [TOWN, { name: `spaces/${TOWN}`, type: "ROOM", spaceType: "SPACE", displayName: "Town", spaceThreadingState: "THREADED_MESSAGES" }],
  ]);
  const media = new Map<string, { bytes: Buffer; type: string }>();
  const lent = new Set<string>();
  const faults: Fault[] = [];
  const calls: { call: string; query: Record<string, string>; body: Record<string, unknown> }[] = [];
  const taken: string[] = [];
  const watchers = new Set<() => void>();
  let broken = false;
  let count = 0;
  let refused = false;
  const changed = () => watchers.forEach((watch) => watch());
  const problem = (code: number, status: string, message: string): [number, unknown] => [code, { error: { code, message, status } }];

  const lend = async (raw: string): Promise<[number, unknown]> => {
    const form = new URLSearchParams(raw);
    try {
      if (refused || form.get("grant_type") !== "urn:ietf:params:oauth:grant-type:jwt-bearer") throw new Error("grant");
      const { payload, protectedHeader } = await jwtVerify(form.get("assertion") ?? "", own.publicKey, {
        issuer: EMAIL,
        audience: `${origin}/token`,
        algorithms: ["RS256"],
        maxTokenAge: "1h",
      });
      if (payload["scope"] !== "https://www.googleapis.com/auth/chat.bot" || protectedHeader.kid !== "own-key") throw new Error("scope");
    } catch {
      return [400, { error: "invalid_grant", error_description: "Invalid JWT Signature." }];
    }
    const token = `canary-access-${++count}`;
    lent.add(token);
    return [200, { access_token: token, expires_in: 3_599, token_type: "Bearer" }];
  };

  const shown = (message: FakeMessage) => ({ ...message, sender: APP_USER });

  const handle = async (request: IncomingMessage, url: URL, raw: Buffer): Promise<[number, unknown] | { bytes: Buffer; type: string }> => {
    if (url.pathname === "/token") return lend(String(raw));
    if (url.pathname === "/keys") return [200, issuer.keys()];
    if (!lent.has(request.headers.authorization?.replace(/^Bearer /, "") ?? ""))
      return problem(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.");
    const path = url.pathname.replace(/^\/v1/, "");
    if (path === "/spaces" && request.method === "GET") return [200, { spaces: [] }];
    const resource = /^\/media\/(.+)$/.exec(path)?.[1];
    if (resource !== undefined && url.searchParams.get("alt") === "media")
      return media.get(decodeURIComponent(resource)) ?? problem(404, "NOT_FOUND", "Media not found.");
    const body = (raw.length === 0 ? {} : JSON.parse(String(raw))) as Record<string, unknown>;
    calls.push({ call: `${request.method} ${path}`, query: Object.fromEntries(url.searchParams), body });
    if (path === "/spaces:findDirectMessage")
      return url.searchParams.get("name") === `users/${ANN}` ? [200, spaces.get(DIRECT)] : problem(404, "NOT_FOUND", "No direct message.");
    const match = /^\/spaces\/([^/]+)\/messages(?:\/([^/]+))?$/.exec(path);
    const space = match?.[1] ?? "";
    if (match === null || !spaces.has(space)) return problem(403, "PERMISSION_DENIED", "This Chat app is not a member of this space.");
    if (request.method === "POST") return create(space, url, body);
    const message = find(space, decodeURIComponent(match[2] ?? ""));
    if (message === undefined) return problem(404, "NOT_FOUND", "Message not found.");
    if (request.method === "DELETE") {
      messages.delete(message.name);
      return [200, {}];
    }
    const wrong = check(body);
    if (wrong !== undefined) return wrong;
    for (const field of (url.searchParams.get("updateMask") ?? "").split(",")) {
      if (!["text", "cardsV2"].includes(field)) return problem(400, "INVALID_ARGUMENT", "updateMask");
      message[field] = body[field];
    }
    return [200, shown(message)];
  };

  const find = (space: string, id: string) =>
    [...messages.values()].find((message) => message.name === `spaces/${space}/messages/${id}` || message["clientAssignedMessageId"] === id);

  const check = (body: Record<string, unknown>): [number, unknown] | undefined => {
    if (Buffer.byteLength(JSON.stringify(body)) > 32_000) return problem(400, "INVALID_ARGUMENT", "Message is too long.");
    if ((body["text"] ?? "") === "" && ((body["cardsV2"] ?? []) as object[]).length === 0) return problem(400, "INVALID_ARGUMENT", "Message cannot be empty.");
    return undefined;
  };

  const create = (space: string, url: URL, body: Record<string, unknown>): [number, unknown] => {
    const requestId = url.searchParams.get("requestId");
    const known = requestId === null ? undefined : messages.get(requests.get(requestId) ?? "");
    if (known !== undefined) return [200, shown(known)];
    const clientAssignedMessageId = url.searchParams.get("messageId") ?? undefined;
    if (clientAssignedMessageId !== undefined && !/^client-[a-z0-9-]{1,56}$/.test(clientAssignedMessageId))
      return problem(400, "INVALID_ARGUMENT", "messageId");
    if (clientAssignedMessageId !== undefined && find(space, clientAssignedMessageId) !== undefined)
      return problem(409, "ALREADY_EXISTS", "The message exists.");
    const wrong = check(body);
    if (wrong !== undefined) return wrong;
    const id = `m${++count}.m${count}`;
    const given = (body["thread"] as { name?: string } | undefined)?.name;
    if (given !== undefined && !given.startsWith(`spaces/${space}/threads/`)) return problem(400, "INVALID_ARGUMENT", "thread of another space");
    const thread = given !== undefined && url.searchParams.get("messageReplyOption") !== null ? given : `spaces/${space}/threads/t${count}`;
    const message = {
      ...body,
      name: `spaces/${space}/messages/${id}`,
      thread: { name: thread },
      ...(clientAssignedMessageId === undefined ? {} : { clientAssignedMessageId }),
    } as FakeMessage;
    messages.set(message.name, message);
    if (requestId !== null) requests.set(requestId, message.name);
    return [200, shown(message)];
  };

  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      if (broken) return void request.socket.destroy();
      const url = new URL(request.url!, "http://fake");
      const call = `${request.method} ${url.pathname.replace(/^\/v1/, "")}`;
      const index = faults.findIndex((fault) => call.startsWith(fault.call));
      const fault = index < 0 ? undefined : faults.splice(index, 1)[0];
      if (fault?.hang === true) return changed();
      if (fault?.status !== undefined)
        return void response.writeHead(fault.status, { "content-type": "application/json", ...fault.headers }).end(JSON.stringify(fault.body ?? {}));
      const answer = await handle(request, url, Buffer.concat(chunks));
      changed();
      if (fault?.drop === true) return void request.socket.destroy();
      if (Array.isArray(answer))
        return void response.writeHead(answer[0], { "content-type": "application/json; charset=UTF-8" }).end(JSON.stringify(answer[1]));
      response.writeHead(200, { "content-type": answer.type }).end(answer.bytes);
    })();
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const fake = {
    origin,
    issuer,
    messages,
    spaces,
    media,
    faults,
    calls,
    /** Events that the app has answered with 200. */
    taken,
    /** Where the gateway listens. */
    gateway: "",
    /** As Google Cloud hands it out. */
    keyFile: JSON.stringify({
      type: "service_account",
      project_id: "project",
      private_key_id: "own-key",
      private_key: own.privateKey.export({ format: "pem", type: "pkcs8" }),
      client_email: EMAIL,
      token_uri: "https://evil.test/token",
    }),
    until: (condition: () => boolean) => waitFor(watchers, condition),
    break: (on: boolean) => (broken = on),
    refuseKey: (on: boolean) => (refused = on),
    /** Tokens lent so far hold no longer. */
    revoke: () => lent.clear(),
    /** The server remembers request ids for a while only. */
    forgetRequests: () => requests.clear(),
    event(type: string, more: Record<string, unknown> & { space?: string; from?: string } = {}): Record<string, unknown> & { id: string } {
      const { space = DIRECT, from = ANN, ...rest } = more;
      return {
        id: `e${++count}`,
        type,
        eventTime: new Date().toISOString(),
        user: { name: `users/${from}`, displayName: "Ann", type: "HUMAN", email: "ann@example.org" },
        space: spaces.get(space),
        ...rest,
      };
    },
    message(text: string, { space = DIRECT, from = ANN, ...more }: Record<string, unknown> & { space?: string; from?: string } = {}) {
      const id = ++count;
      const message = {
        name: `spaces/${space}/messages/p${id}.p${id}`,
        sender: { name: `users/${from}`, displayName: "Ann", type: "HUMAN" },
        createTime: new Date().toISOString(),
        text,
        argumentText: text,
        thread: { name: `spaces/${space}/threads/p${id}` },
        space: spaces.get(space),
        ...more,
      };
      return fake.event("MESSAGE", { space, from, message });
    },
    mention: (text: string, more: Record<string, unknown> & { space?: string; from?: string } = {}) =>
      fake.message(`@Clanker ${text}`, {
        space: TOWN,
        argumentText: ` ${text}`,
        annotations: [{ type: "USER_MENTION", startIndex: 0, length: 8, userMention: { user: APP_USER, type: "MENTION" } }],
        ...more,
      }),
    /** The token that comes with an event, for an app whose audience is its project's number. */
    token: (claims: Record<string, unknown> = {}, signing: Signing = {}) =>
      issuer.sign({ iss: "chat@system.gserviceaccount.com", aud: PROJECT, ...claims }, signing),
    /** Posts once. */
    async post(event: object, options: { claims?: Record<string, unknown>; signing?: Signing; authorization?: string | null } = {}): Promise<Response> {
      const authorization = options.authorization === undefined ? `Bearer ${await fake.token(options.claims, options.signing)}` : options.authorization;
      return fetch(fake.gateway, {
        method: "POST",
        headers: { "content-type": "application/json; charset=utf-8", ...(authorization === null ? {} : { authorization }) },
        body: JSON.stringify(event),
      });
    },
    /** Posts until it is taken. */
    async deliver(event: Record<string, unknown> & { id: string }): Promise<void> {
      for (let tries = 0; tries < 500; tries++) {
        const status = await fake.post(event).then(
          ({ status: code }) => code,
          () => 0,
        );
        if (status === 200) {
          taken.push(event.id);
          return changed();
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    /** A click on a button of a card that the app has posted. */
    click(message: FakeMessage, label: string, more: Record<string, unknown> & { from?: string } = {}) {
      type Buttons = { buttons: { text: string; onClick: { action: { function: string; parameters: { key: string; value: string }[] } } }[] };
      const buttons = message.cardsV2!.flatMap(({ card }) =>
        card.sections.flatMap(({ widgets }) => widgets.flatMap((widget) => (widget["buttonList"] as Buttons | undefined)?.buttons ?? [])),
      );
      const { action } = buttons.find(({ text }) => text === label)!.onClick;
      return fake.event("CARD_CLICKED", {
        space: /^spaces\/([^/]+)/.exec(message.name)![1]!,
        message: shown(message),
        action: { actionMethodName: action.function, parameters: action.parameters },
        common: { invokedFunction: action.function, parameters: Object.fromEntries(action.parameters.map(({ key, value }) => [key, value])) },
        ...more,
      });
    },
    /** What the app has posted there, as it stands; cards as their text. */
    texts: (space: string) => [...messages.values()].filter(({ name }) => name.startsWith(`spaces/${space}/`)).map(readMessage),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
  return fake;
}

/** What a person reads. */
export function readMessage({ text = "", cardsV2 = [] }: FakeMessage): string {
  const cards = cardsV2.flatMap(({ card }) =>
    card.sections.flatMap(({ widgets }) => widgets.flatMap((widget) => (widget["textParagraph"] as { text: string } | undefined)?.text ?? [])),
  );
  const html = cards.map((card) =>
    card
      .replace(/<br>/g, "\n")
      .replace(/<[^>]*>/g, "")
      .replace(/&lt;/g, "<")
      .replace(/&gt;/g, ">")
      .replace(/&quot;/g, '"')
      .replace(/&amp;/g, "&"),
  );
  return [...(text === "" ? [] : [text]), ...html].join("\n");
}

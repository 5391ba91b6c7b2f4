/**
 * Microsoft as far as a Teams bot sees it: login, OpenID metadata with real RSA keys, the Bot Connector's REST API (v3) and file storage, over one HTTP server.
 * It notes whatever a bot must not do: a call without a token of its own, a token where none belongs, a text and a card in one message.
 */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { createRsaIssuer, type Signing } from "../rsa-issuer.ts";
import { waitFor } from "../wait-for.ts";

export const APP = "0d469698-ab9d-479a-b0d8-758b6e6b1235";
export const TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47";
export const ANN = "7faf8ab2-3d56-4244-b585-20c8a42ed2b8";
export const DIRECT = "a:1direct-conversation-with-ann";
export const CHAT = "19:0123456789abcdef@thread.v2";
export const TOWN = "19:town0123456789@thread.tacv2";
export const BOT = `28:${APP}`;

export interface FakeActivity {
  id: string;
  conversation: string;
  text?: string;
  textFormat?: string;
  attachments?: { contentType: string; name?: string; contentUrl?: string; content?: Record<string, unknown> }[];
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

export type FakeTeams = Awaited<ReturnType<typeof startFakeTeams>>;

export async function startFakeTeams({ password }: { password: string }) {
  const issuer = createRsaIssuer({ endorsements: ["msteams", "skype"] });
  const messages = new Map<string, FakeActivity>();
  const conversations = new Map<string, "personal" | "groupChat" | "channel">([
    [DIRECT, "personal"],
    [CHAT, "groupChat"],
    [TOWN, "channel"],
  ]);
  const files = new Map<string, { bytes: Buffer; type: string }>();
  const uploads = new Map<string, { bytes: Buffer; range: string }>();
  const lent = new Set<string>();
  /** Of the bot: message and name of the reaction. */
  const reactions = new Set<string>();
  /** Ids of what people have written. */
  const written = new Set<string>();
  const faults: Fault[] = [];
  const calls: { call: string; body: Record<string, unknown> }[] = [];
  const wrongs: string[] = [];
  /** Of the connector's calls, as they came. */
  const paths: string[] = [];
  const taken: string[] = [];
  const watchers = new Set<() => void>();
  let broken = false;
  let count = 0;
  let refused = false;
  let last = Date.now();
  const changed = () => watchers.forEach((watch) => watch());
  const newId = () => String((last = Math.max(last + 1, Date.now())));
  const base = (conversation: string) => conversation.replace(/;messageid=\d+$/, "");

  const handle = (method: string, url: URL, raw: Buffer, request: IncomingMessage): [number, unknown] | { bytes: Buffer; type: string } => {
    const authorization = request.headers.authorization;
    if (url.pathname === "/metadata") {
      return [200, { issuer: "https://api.botframework.com", jwks_uri: `${origin}/keys`, id_token_signing_alg_values_supported: ["RS256"] }];
    }
    if (url.pathname === "/keys") return [200, issuer.keys()];
    if (url.pathname === `/login/${TENANT}/oauth2/v2.0/token`) {
      const form = new URLSearchParams(String(raw));
      const right =
        form.get("grant_type") === "client_credentials" &&
        form.get("client_id") === APP &&
        form.get("client_secret") === password &&
        form.get("scope") === "https://api.botframework.com/.default";
      if (!right || refused) return [401, { error: "invalid_client", error_description: "AADSTS7000215: Invalid client secret provided." }];
      const token = `canary-access-${++count}`;
      lent.add(token);
      return [200, { token_type: "Bearer", expires_in: 3_599, ext_expires_in: 3_599, access_token: token }];
    }
    if (url.pathname.startsWith("/files/")) {
      if (authorization !== undefined) wrongs.push("a token was sent to the file storage");
      if (method === "PUT") {
        uploads.set(url.pathname, { bytes: raw, range: String(request.headers["content-range"]) });
        return [201, { id: "item" }];
      }
      return files.get(url.pathname) ?? [404, {}];
    }
    if (!lent.has(authorization?.replace(/^Bearer /, "") ?? ""))
      return [401, { error: { code: "Unauthorized", message: "Authorization has been denied for this request." } }];
    if (url.pathname.startsWith("/amer/v3/attachments/")) return files.get(url.pathname) ?? [404, {}];
    paths.push(url.pathname);
    return connector(method, url.pathname.replace(/^\/(amer|teams)/, ""), (raw.length === 0 ? {} : JSON.parse(String(raw))) as Record<string, unknown>);
  };

  const problem = (status: number, code: string, message: string): [number, unknown] => [status, { error: { code, message } }];

  const connector = (method: string, path: string, body: Record<string, unknown>): [number, unknown] => {
    calls.push({ call: `${method} ${decodeURIComponent(path)}`, body });
    if (method === "POST" && path === "/v3/conversations") {
      const channel = (body["channelData"] as { channel?: { id?: string } } | undefined)?.channel?.id;
      if (channel !== undefined) {
        const id = newId();
        return add(`${channel};messageid=${id}`, body["activity"] as Record<string, unknown>, {
          id,
          answer: { id: `${channel};messageid=${id}`, activityId: id },
        });
      }
      const [member] = body["members"] as { id: string }[];
      const id = `a:1with-${member!.id}`;
      conversations.set(id, "personal");
      return [201, { id }];
    }
    const match = /^\/v3\/conversations\/([^/]+)\/activities(?:\/([^/]+)(?:\/reactions\/([^/]+))?)?$/.exec(path);
    if (match === null) return problem(404, "NotFound", "no such resource");
    const conversation = decodeURIComponent(match[1]!);
    if (!conversations.has(base(conversation))) return problem(404, "ConversationNotFound", "Conversation not found.");
    if (method === "POST") return add(conversation, body);
    if (match[3] !== undefined) {
      // On anybody's message; the same twice is once.
      const id = decodeURIComponent(match[2]!);
      if (!messages.has(id) && !written.has(id)) return problem(404, "ActivityNotFoundInConversation", "Conversation not found.");
      const reaction = `${id} ${decodeURIComponent(match[3])}`;
      if (method === "PUT") reactions.add(reaction);
      else reactions.delete(reaction);
      return [200, undefined];
    }
    const message = messages.get(decodeURIComponent(match[2] ?? ""));
    if (message === undefined || base(message.conversation) !== base(conversation))
      return problem(404, "ActivityNotFoundInConversation", "Conversation not found.");
    if (method === "DELETE") {
      messages.delete(message.id);
      return [200, {}];
    }
    const checked = check(body);
    if (checked !== undefined) return checked;
    messages.set(message.id, { ...(body as unknown as FakeActivity), id: message.id, conversation: message.conversation });
    return [200, { id: message.id }];
  };

  const check = (activity: Record<string, unknown>): [number, unknown] | undefined => {
    const shown = JSON.stringify(activity, (key, value: unknown) => (key === "contentUrl" ? "" : value));
    if (shown.length * 2 > 100_000) return problem(413, "MessageSizeTooBig", "Message size too large.");
    if (activity["text"] !== undefined && activity["attachments"] !== undefined) wrongs.push("a text and attachments in one message: Teams makes two of them");
    if ((activity["text"] ?? "") === "" && activity["attachments"] === undefined) return problem(400, "BadSyntax", "Activity is empty");
    return undefined;
  };

  const add = (conversation: string, activity: Record<string, unknown>, made?: { id: string; answer: object }): [number, unknown] => {
    if ((activity["from"] as { id?: string } | undefined)?.id !== BOT) wrongs.push("not sent as ourselves");
    if (activity["type"] === "typing") return [201, { id: newId() }];
    const checked = check(activity);
    if (checked !== undefined) return checked;
    const id = made?.id ?? newId();
    messages.set(id, { ...activity, id, conversation });
    return [201, made?.answer ?? { id }];
  };

  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      if (broken) return void request.socket.destroy();
      const url = new URL(request.url!, "http://fake");
      const call = `${request.method} ${decodeURIComponent(url.pathname.replace(/^\/(amer|teams)/, ""))}`;
      const index = faults.findIndex((fault) => call.startsWith(fault.call));
      const fault = index < 0 ? undefined : faults.splice(index, 1)[0];
      if (fault?.hang === true) return changed();
      if (fault?.status !== undefined)
        return void response.writeHead(fault.status, { "content-type": "application/json", ...fault.headers }).end(JSON.stringify(fault.body ?? {}));
      const answer = handle(request.method!, url, Buffer.concat(chunks), request);
      changed();
      if (fault?.drop === true) return void request.socket.destroy();
      if (Array.isArray(answer)) return void response.writeHead(answer[0], { "content-type": "application/json" }).end(JSON.stringify(answer[1]) ?? "");
      response.writeHead(200, { "content-type": answer.type }).end(answer.bytes);
    })();
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const fake = {
    origin,
    serviceUrl: `${origin}/amer/`,
    issuer,
    messages,
    conversations,
    files,
    uploads,
    reactions,
    faults,
    calls,
    paths,
    /** What no bot should do. */
    wrongs,
    /** Activities that the bot has answered with 200. */
    taken,
    /** Where the gateway listens. */
    gateway: "",
    until: (condition: () => boolean) => waitFor(watchers, condition),
    break: (on: boolean) => (broken = on),
    refusePassword: (on: boolean) => (refused = on),
    /** Tokens lent so far hold no longer. */
    revoke: () => lent.clear(),
    /** An activity as Teams makes them. */
    activity(given: Record<string, unknown> & { type: string }): Record<string, unknown> & { id: string } {
      const { conversation = DIRECT, from = ANN, ...more } = given as { conversation?: string; from?: string };
      const id = newId();
      written.add(id);
      return {
        id,
        timestamp: new Date().toISOString(),
        serviceUrl: fake.serviceUrl,
        channelId: "msteams",
        from: { id: `29:${from}`, name: "Ann", aadObjectId: from },
        conversation: {
          id: conversation,
          conversationType: conversations.get(base(conversation)) ?? "personal",
          tenantId: TENANT,
          ...(base(conversation).startsWith("19:") ? { isGroup: true } : {}),
        },
        recipient: { id: BOT, name: "Clanker" },
        channelData: { tenant: { id: TENANT } },
        ...more,
      } as Record<string, unknown> & { id: string };
    },
    message(text: string, more: Record<string, unknown> = {}) {
      return fake.activity({ type: "message", text, textFormat: "plain", ...more });
    },
    mention: (text: string, more: Record<string, unknown> = {}) =>
      fake.message(`<at>Clanker</at> ${text}`, { entities: [{ type: "mention", mentioned: { id: BOT, name: "Clanker" }, text: "<at>Clanker</at>" }], ...more }),
    /** The token that comes with an activity. */
    token: (activity: Record<string, unknown>, claims: Record<string, unknown> = {}, signing: Signing = {}) =>
      issuer.sign({ iss: "https://api.botframework.com", aud: APP, serviceurl: activity["serviceUrl"], ...claims }, signing),
    /** Posts once. */
    async post(
      activity: Record<string, unknown> & { id?: unknown },
      options: { claims?: Record<string, unknown>; signing?: Signing; authorization?: string | null } = {},
    ): Promise<Response> {
      const authorization =
        options.authorization === undefined ? `Bearer ${await fake.token(activity, options.claims, options.signing)}` : options.authorization;
      return fetch(fake.gateway, {
        method: "POST",
        headers: { "content-type": "application/json; charset=utf-8", ...(authorization === null ? {} : { authorization }) },
        body: JSON.stringify(activity),
      });
    },
    /** Posts until it is taken. */
    async deliver(activity: Record<string, unknown> & { id: string }): Promise<void> {
      for (let tries = 0; tries < 500; tries++) {
        const status = await fake.post(activity).then(
          ({ status: code }) => code,
          () => 0,
        );
        if (status === 200) {
          taken.push(activity.id);
          return changed();
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    /** Presses a button of a card that the bot has posted, as a client does. */
    press(messageId: string, title: string, more: Record<string, unknown> = {}) {
      const card = messages.get(messageId)!.attachments![0]!.content as { actions: { title: string; verb: string; data: object }[] };
      const { verb, data } = card.actions.find((action) => action.title === title)!;
      const conversation = messages.get(messageId)!.conversation;
      return fake.activity({
        type: "invoke",
        name: "adaptiveCard/action",
        value: { action: { type: "Action.Execute", title, verb, data }, trigger: "manual" },
        replyToId: messageId,
        conversation,
        id: `f:${newId()}`,
        ...more,
      });
    },
    /** What the bot has posted there, as it stands; cards as their text. */
    texts: (conversation: string) => [...messages.values()].filter((message) => base(message.conversation) === conversation).map(readMessage),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
  return fake;
}

/** What a person reads. */
export function readMessage({ text = "", textFormat, attachments = [] }: FakeActivity): string {
  const cards = attachments.map(({ content, name }) =>
    content?.["body"] === undefined
      ? `[${name}]`
      : (content["body"] as { inlines: { text: string }[] }[]).map(({ inlines }) => inlines.map((run) => run.text).join("")).join("\n"),
  );
  const plain = textFormat === "xml" ? readXml(text) : text;
  return [...(plain === "" ? [] : [plain]), ...cards].join("\n");
}

export function readXml(text: string): string {
  return text
    .replace(/<br>/g, "\n")
    .replace(/<[^>]*>/g, "")
    .replace(/&#160;/g, " ")
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, "&");
}

/**
 * Writes the tables of docs/channels.md from the adapters themselves: each is made with the least config there is, and asked what it can do. Fails when a channel has
 * no guide in docs/channels or no QUIRKS.md.
 *   node scripts/docs-channels.ts           writes
 *   node scripts/docs-channels.ts --check   fails when the file is not what would be written
 */
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openChannels } from "../src/app/open-channels.ts";
import type { ChannelName } from "../src/config/channel-accounts.ts";
import { channelsConfig } from "../src/config/channels.ts";
import type { Config } from "../src/config/schema.ts";
import type { Channel, ChannelActions, ChannelDeps } from "../src/core/channel.ts";
import { silentLog } from "../src/core/log.ts";
import { silentMetrics } from "../src/core/metrics.ts";
import { Secret } from "../src/core/secret.ts";
import type { Update } from "../src/core/update.ts";
import { v } from "../src/lib/schema/index.ts";

const root = join(import.meta.dirname, "..");
const target = "docs/channels.md";
const BEGIN = "<!-- made by node scripts/docs-channels.ts -->";
const END = "<!-- end of what is made -->";

const guid = "00000000-0000-0000-0000-000000000000";
const secret = new Secret("docs", "0123456789abcdef");

/** The least that each needs, with everything that can be switched on. */
const LEAST: { readonly [C in ChannelName]: object } = {
  discord: { token: secret },
  email: { address: "a@b.test", password: secret, imap_host: "i.test", smtp_host: "s.test", authserv_id: "mx.test" },
  imessage: { url: "http://i.test", password: secret, private_api: true, accounts: { imsg: { via: "imsg", private_api: true } } },
  googlechat: {
    service_account: new Secret("docs", JSON.stringify({ type: "service_account", client_email: "a@b.test", private_key: "-----BEGIN PRIVATE KEY-----" })),
    audience: "123456789012",
  },
  feishu: { app_id: "cli_1", app_secret: secret },
  irc: { server: "irc.test" },
  line: { channel_secret: secret, access_token: secret, public_url: "https://c.test/channels/line/webhook" },
  matrix: { homeserver: "https://x.test", access_token: secret },
  mattermost: { url: "https://m.test", token: secret, callback_url: "https://c.test/", callback_secret: secret },
  signal: { url: "http://s.test", number: "+4915112345678" },
  nostr: { private_key: new Secret("docs", "01".repeat(32)), relays: ["wss://r.test"] },
  slack: { bot_token: secret, app_token: secret },
  teams: { app_id: guid, app_password: secret, tenant_id: guid },
  telegram: { token: secret },
  whatsapp: { phone_number_id: "106540352242922", token: secret, app_secret: secret, verify_token: secret, accounts: { linked: { mode: "linked" } } },
  twitch: { client_id: "0123456789abcdef", client_secret: secret, refresh_token: secret, channels: ["1"], moderate: true },
  xmpp: { jid: "a@b.test", password: secret, streaming: true },
  zalo: { token: secret, webhook_secret: secret, public_url: "https://c.test/channels/zalo/webhook" },
  webhook: { url: "https://w.test", secret, streaming: true },
};

const NEVER = () => {
  throw new Error("an adapter did something before its start");
};

interface Way {
  readonly title: string;
  readonly folder: string;
}

/** Channels of which there are two in one: a row for each, by the account above that goes this way. */
const WAYS: Readonly<Record<string, Way>> = {
  "whatsapp:default": { title: "whatsapp (Cloud API)", folder: "cloud" },
  "whatsapp:linked": { title: "whatsapp (linked device)", folder: "linked" },
  "imessage:default": { title: "imessage (BlueBubbles)", folder: "bluebubbles" },
  "imessage:imsg": { title: "imessage (imsg)", folder: "imsg" },
};

/** Constructors only assign, so nothing of this is ever called. */
const deps: ChannelDeps = {
  intake: { receive: NEVER },
  http: { request: NEVER },
  untrusted: { getUntrusted: NEVER },
  sockets: { connect: NEVER },
  streams: { connect: NEVER },
  blobs: { put: NEVER, get: NEVER },
  clock: { now: () => 0, monotonic: () => 0, timer: () => () => {} },
  random: { bytes: (length) => new Uint8Array(length), number: () => 0 },
  log: silentLog,
  metrics: silentMetrics,
  programs: { start: NEVER },
  companions: { start: NEVER, libraryFolders: [] },
  cursor: NEVER,
  keep: { read: NEVER, append: NEVER, replace: NEVER, clear: NEVER },
};

const channels = await openChannels({ channels: v.parse(channelsConfig, LEAST), hooks: { out: {} } } as unknown as Config, () => deps);
channels.sort((a, b) => (a.name < b.name ? -1 : 1));

const missing = channels.flatMap(({ name }) => [`docs/channels/${name}.md`, `src/channels/${name}/QUIRKS.md`].filter((path) => !existsSync(join(root, path))));
if (missing.length > 0) {
  console.error(`missing: ${missing.join(", ")}`);
  process.exit(1);
}

const page = readFileSync(join(root, target), "utf8");
const [before, rest] = page.split(BEGIN);
const after = rest?.split(END)[1];
if (before === undefined || after === undefined) throw new Error(`${target} has lost its marks`);
const wanted = `${before}${BEGIN}\n\n${tables(channels)}\n${END}${after}`;

if (!process.argv.includes("--check")) writeFileSync(join(root, target), wanted);
else if (wanted !== page) {
  console.error(`${target} is not up to date`);
  process.exitCode = 1;
}

function tables(all: readonly Channel[]): string {
  const out = table(all, [
    ["streams by edit", ({ capabilities }) => yes(capabilities.edit)],
    ["typing", ({ capabilities }) => yes(capabilities.typing)],
    ["files out", ({ capabilities }) => yes(capabilities.media)],
    ["buttons", ({ capabilities }) => yes(capabilities.buttons)],
    ["threads", ({ capabilities }) => yes(capabilities.threads)],
    ["a repeat is harmless", ({ capabilities }) => yes(capabilities.idempotentSend)],
    ["longest part", ({ capabilities }) => String(capabilities.maxText)],
  ]);
  const can = (name: keyof ChannelActions) => (channel: Channel) => yes(channel.actions?.[name] !== undefined);
  const actions = table(all, [
    ["edit", can("edit")],
    ["delete", can("delete")],
    ["react", can("react")],
    ["pin", can("pin")],
    ["thread", can("thread")],
    ["poll", can("poll")],
  ]);
  const handed = (kind: Update["type"]) => (channel: Channel) => yes(handsIn(channel, kind));
  const inward = table(all, [
    ["files in", (channel) => yes(channel.fetchMedia !== undefined)],
    ["edits", handed("edit")],
    ["deletions", handed("deletion")],
    ["reactions", handed("reaction")],
    ["presses", handed("press")],
    ["votes", handed("vote")],
    ["membership", handed("membership")],
    ["webhook", (channel) => yes(channel.webhook !== undefined)],
  ]);
  return `What the assistant can do there:\n\n${out}\nWhat it can do to messages (the tool \`message_action\`, offered where the conversation's account has at least one of these):\n\n${actions}\nWhat it hears of people:\n\n${inward}`;
}

type Column = readonly [title: string, cell: (channel: Channel) => string];

function table(all: readonly Channel[], columns: readonly Column[]): string {
  const rows = all.map(
    (channel) => `| [${wayOf(channel)?.title ?? channel.name}](channels/${channel.name}.md) | ${columns.map(([, cell]) => cell(channel)).join(" | ")} |`,
  );
  return `| channel | ${columns.map(([title]) => title).join(" | ")} |\n|---|${"---|".repeat(columns.length)}\n${rows.join("\n")}\n`;
}

function yes(is: boolean): string {
  return is ? "yes" : "-";
}

function wayOf({ name, account }: Channel): Way | undefined {
  return WAYS[`${name}:${account}`];
}

/** An adapter hands in a kind of update where its sources make one: those in the channel's folder, and in that of its way. */
function handsIn(channel: Channel, kind: Update["type"]): boolean {
  const { name } = channel;
  const way = wayOf(channel);
  const own = sourcesOf(`src/channels/${name}/*.ts`);
  const under = way === undefined ? [] : sourcesOf(`src/channels/${name}/${way.folder}/*.ts`);
  // What was changed on a Mac is told by that way alone which looks for it.
  if (name === "imessage" && (kind === "edit" || kind === "deletion") && !under.some((source) => source.includes("feed.changed("))) return false;
  return [...own, ...under].some((source) => /\bUpdate\b/.test(source) && new RegExp(`type: (?:[^,\\n]*\\? )?"${kind}"`).test(source));
}

function sourcesOf(pattern: string): string[] {
  return globSync(pattern, { cwd: root }).map((path) => readFileSync(join(root, path), "utf8"));
}

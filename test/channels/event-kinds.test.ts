import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { channelsConfig } from "../../src/config/channels.ts";
import type { Update } from "../../src/core/update.ts";
import { CHANNEL } from "../fakes/discord/index.ts";
import { ANN, DIRECT, TOWN } from "../fakes/mattermost/index.ts";
import { connectPeer, startNgircd } from "../fakes/ngircd.ts";
import { createBench as discordBench } from "./discord/harness.ts";
import { createBench as ircBench, PASSWORD as IRC_PASSWORD } from "./irc/harness.ts";
import { createBench as mattermostBench } from "./mattermost/harness.ts";
import { createRecordingIntake, type RecordingIntake } from "./recording-intake.ts";
import { createBench as slackBench } from "./slack/harness.ts";
import { createBench as telegramBench } from "./telegram/harness.ts";

const KINDS: Readonly<Record<Update["type"], true>> = { message: true, edit: true, deletion: true, reaction: true, press: true, vote: true, membership: true };

/** An adapter beside its platform, where a stranger does everything that can be done there. */
interface Scene {
  /** One event of each kind that the platform tells a bot of, done by a stranger. */
  readonly does: { readonly [K in Update["type"]]?: () => void };
  /** The stranger's id. */
  readonly stranger: string;
  /** Requests that the adapter has sent so far for anything but its own upkeep; where there are none, what it has said to the stranger. */
  calls(): number;
}

/** Each channel of the config needs its row here. */
const SCENES: Readonly<Record<string, (intake: RecordingIntake, ends: (close: () => Promise<void>) => void) => Promise<Scene>>> = {
  async telegram(intake, ends) {
    const bench = await telegramBench({ intake });
    ends(() => bench.close());
    bench.start();
    const { telegram } = bench;
    await telegram.until(() => telegram.polling && telegram.commands.length > 0);
    const chat = -66;
    const from = 66;
    // A poll that the assistant has posted there, which anybody may answer.
    intake.outcome = () => ({ kind: "context", messageId: "m", sessionId: "s" });
    await bench.channel.send(bench.channel.render({ parts: [{ type: "poll", question: "?", options: ["a", "b"] }] })[0]!, {
      address: { channel: "telegram", account: "default", conversation: String(telegram.addChat({ id: chat }).id) },
      nonce: "n",
      signal: AbortSignal.timeout(10_000),
    });
    const said = telegram.photo({ chat, from, bytes: new Uint8Array([1]), caption: "hi" });
    await intake.until(() => intake.updates.length === 1);
    const poll = telegram
      .messages(chat)
      .map(({ message }) => message.poll?.id)
      .find((id) => id !== undefined)!;
    return {
      stranger: "66",
      does: {
        message: () => telegram.document({ chat, from, bytes: new Uint8Array([1]), name: "a.pdf" }),
        edit: () => telegram.edit(said, "changed"),
        reaction: () => telegram.react({ chat, messageId: said.message_id, from, emoji: "👍" }),
        press: () => telegram.press({ chat, messageId: said.message_id, from, data: "ask:ABCDEF:once" }),
        vote: () => telegram.vote({ pollId: poll, from, options: [0] }),
        membership: () => telegram.membership({ chat, from, before: "left", now: "member" }),
      },
      calls: () => telegram.calls.filter(({ method }) => !/^getupdates$/i.test(method)).length,
    };
  },

  async slack(intake, ends) {
    const bench = await slackBench({ intake });
    ends(() => bench.close());
    bench.start();
    const { slack } = bench;
    await slack.until(() => bench.channel.status().state === "ready");
    intake.outcome = () => ({ kind: "refused", reason: "stranger" });
    const said = slack.say({ text: "before", user: "U66" });
    await intake.until(() => intake.updates.length === 1);
    await bench.channel.send(bench.channel.render({ parts: [{ type: "text", text: "?" }], buttons: [{ label: "Yes", data: "ask:ABCDEF:once" }] })[0]!, {
      address: { channel: "slack", account: "default", conversation: "D66" },
      nonce: "n",
      signal: AbortSignal.timeout(10_000),
    });
    const file = slack.addFile(Buffer.from("x"), { name: "a.png", type: "image/png" });
    return {
      stranger: "U66",
      does: {
        message: () => slack.say({ text: "hi", user: "U66", files: [file] }),
        edit: () => slack.edit("D66", said.ts, "changed"),
        reaction: () => slack.react("D66", said.ts, "eyes", { user: "U66" }),
        press: () => slack.press("D66", "Yes", "U66"),
        deletion: () => slack.remove("D66", said.ts),
        membership: () => slack.event({ type: "member_joined_channel", channel: "C66", user: slack.me.user_id, inviter: "U66", event_ts: "1700000000.000100" }),
      },
      calls: () => slack.calls.length,
    };
  },

  async discord(intake, ends) {
    const bench = await discordBench({ intake });
    ends(() => bench.close());
    bench.start();
    const { discord } = bench;
    await discord.until(() => discord.calls.some((call) => call.path.endsWith("/commands")));
    await new Promise<void>((ready) => bench.whenReady(ready));
    const from = "100000000000000066";
    const said = discord.say({ text: "before", channel: CHANNEL, from });
    await intake.until(() => intake.updates.length === 1);
    const file = { id: "1", filename: "a.png", size: 1, url: `${discord.url}/a.png`, content_type: "image/png" };
    const reaction = { user_id: from, channel_id: CHANNEL, message_id: said.id, guild_id: discord.guild, emoji: { id: null, name: "x" } };
    return {
      stranger: from,
      does: {
        message: () => discord.say({ text: "hi", channel: CHANNEL, from, more: { attachments: [file] } }),
        edit: () => discord.edit(said, "changed"),
        reaction: () => discord.dispatch("MESSAGE_REACTION_ADD", reaction),
        press: () => discord.press({ id: said.id, channel_id: CHANNEL }, "ask:ABCDEF:once", from),
        deletion: () => discord.dispatch("MESSAGE_DELETE", { id: said.id, channel_id: CHANNEL, guild_id: discord.guild }),
      },
      calls: () => discord.calls.length + discord.interactionAnswers.length,
    };
  },

  async mattermost(intake, ends) {
    const bench = await mattermostBench({ intake, buttons: true });
    ends(() => bench.close());
    bench.start();
    const { mattermost } = bench;
    await mattermost.until(() => bench.channel.status().state === "ready");
    const asked = bench.channel.render({ parts: [{ type: "text", text: "?" }], buttons: [{ label: "Yes", data: "ask:ABCDEF:once" }] })[0]!;
    const address = { channel: "mattermost", account: "default", conversation: DIRECT };
    const { messageId } = await bench.channel.send(asked, { address, nonce: "n", signal: AbortSignal.timeout(10_000) });
    intake.outcome = () => ({ kind: "refused", reason: "stranger" });
    const said = mattermost.say({ message: "before" });
    await intake.until(() => intake.updates.length === 1);
    return {
      stranger: ANN,
      does: {
        message: () => mattermost.say({ message: "hi" }),
        edit: () => mattermost.edit(said, "changed"),
        reaction: () => mattermost.react(said, "eyes"),
        press: () => void mattermost.press(mattermost.posts.get(messageId)!, 0),
        deletion: () => mattermost.remove(said),
        membership: () => mattermost.dispatch("user_removed", { channel_id: TOWN, remover_id: ANN }),
      },
      calls: () => mattermost.calls.length,
    };
  },

  async irc(intake, ends) {
    const server = await startNgircd({ password: IRC_PASSWORD });
    ends(() => server.close());
    const peer = await connectPeer(server.port, "mallory", IRC_PASSWORD);
    ends(() => peer.close());
    // Whoever opens a channel may show others out of it.
    peer.send("JOIN #den");
    const bench = await ircBench(server.port, { intake, config: { channels: ["#den"] } });
    ends(() => bench.close());
    bench.start();
    await bench.until(() => bench.channel.status().state === "ready");
    intake.outcome = () => ({ kind: "refused", reason: "stranger" });
    peer.send("PRIVMSG #den :before");
    await intake.until(() => intake.updates.length === 1);
    return {
      stranger: "mask:mallory!~mallory@127.0.0.1",
      does: {
        message: () => peer.send("PRIVMSG clanker :hi"),
        membership: () => peer.send("KICK #den clanker :out"),
      },
      calls: () => peer.said.length,
    };
  },
};

/** The kinds of updates that an adapter's sources make. */
function kindsInSource(channel: string): string[] {
  const folder = join(import.meta.dirname, "../../src/channels", channel);
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  const text = sources.map((file) => readFileSync(join(folder, file), "utf8")).join("\n");
  return Object.keys(KINDS).filter((kind) => new RegExp(`\\btype: "${kind}"(?: as const)?,`).test(text));
}

async function withScene(channel: string, act: (scene: Scene, intake: RecordingIntake) => Promise<void>): Promise<void> {
  const intake = createRecordingIntake();
  const closes: (() => Promise<void>)[] = [];
  try {
    await act(await SCENES[channel]!(intake, (close) => closes.push(close)), intake);
  } finally {
    for (const close of closes.toReversed()) await close();
  }
}

describe("every kind of event on every channel", () => {
  const channels = Object.keys(channelsConfig.entries).filter((name) => name !== "web");

  test("sec-34 every channel has its row, with every kind of event that its sources hand in", async () => {
    assert.deepEqual(Object.keys(SCENES).toSorted(), channels.toSorted());
    for (const channel of channels)
      await withScene(channel, async ({ does }) => assert.deepEqual(Object.keys(does).toSorted(), kindsInSource(channel).toSorted(), channel));
  });

  for (const channel of Object.keys(SCENES))
    test(`sec-34 sec-36 on ${channel} whatever a stranger does is handed in with their id, and when it is refused the platform is asked for nothing`, () =>
      withScene(channel, async (scene, intake) => {
        const known = intake.updates.length;
        intake.outcome = () => ({ kind: "refused", reason: "stranger" });
        const before = scene.calls();
        for (const [kind, act] of Object.entries(scene.does)) {
          const count = intake.updates.length;
          act();
          await intake.until(() => intake.updates.length > count);
          assert.equal(intake.updates.at(-1)!.type, kind);
        }
        for (const update of intake.updates.slice(known)) assert.equal(update.sender.id, scene.stranger, update.type);
        // What would follow, a sign of typing or a download, would follow at once: one more event comes behind it.
        const count = intake.updates.length;
        scene.does.message!();
        await intake.until(() => intake.updates.length > count);
        assert.equal(scene.calls(), before);
      }));
});

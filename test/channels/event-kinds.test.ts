import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { channelsConfig } from "../../src/config/channels.ts";
import type { Update } from "../../src/core/update.ts";
import { CHANNEL } from "../fakes/discord/index.ts";
import { startDovecot } from "../fakes/dovecot.ts";
import { ANN as FEISHU_ANN, GROUP as FEISHU_GROUP } from "../fakes/feishu/index.ts";
import { startFakeIrc } from "../fakes/irc-services.ts";
import { ANN as ANNS_NUMBER } from "../fakes/whatsapp/cloud.ts";
import { ANN as LINE_ANN } from "../fakes/line/index.ts";
import { person } from "../fakes/nostr/index.ts";
import { connectPeer, startProsody, xml } from "../fakes/prosody.ts";
import { ANN, TOWN } from "../fakes/mattermost/index.ts";
import { EVE } from "../fakes/signal/index.ts";
import { createBench as discordBench } from "./discord/harness.ts";
import { createBench as emailBench, PASSWORD } from "./email/harness.ts";
import { createBench as imessageBench } from "./imessage/harness.ts";
import { TOWN as CHAT_TOWN } from "../fakes/googlechat/index.ts";
import { BOT as TEAMS_BOT, CHAT as TEAMS_CHAT } from "../fakes/teams/index.ts";
import { createBench as googleChatBench, target as googleChatTarget } from "./googlechat/harness.ts";
import { createBench as feishuBench, ready as feishuReady, target as feishuTarget } from "./feishu/harness.ts";
import { createBench as ircBench } from "./irc/harness.ts";
import { createBench as lineBench, ready as lineReady } from "./line/harness.ts";
import { createBench as matrixBench } from "./matrix/harness.ts";
import { createBench as mattermostBench, target as mattermostTarget } from "./mattermost/harness.ts";
import { createBench as nostrBench } from "./nostr/harness.ts";
import { createRecordingIntake, type RecordingIntake } from "./recording-intake.ts";
import { createBench as signalBench } from "./signal/harness.ts";
import { createBench as slackBench } from "./slack/harness.ts";
import { createBench as teamsBench, target as teamsTarget } from "./teams/harness.ts";
import { createBench as telegramBench } from "./telegram/harness.ts";
import { createBench as twitchBench } from "./twitch/harness.ts";
import { createBench as webhookBench } from "./webhook/harness.ts";
import { createCloudBench } from "./whatsapp/cloud-harness.ts";
import { createBench as xmppBench } from "./xmpp/harness.ts";
import { createBench as zaloBench, ready as zaloReady } from "./zalo/harness.ts";

const KINDS: Readonly<Record<Update["type"], true>> = { message: true, edit: true, deletion: true, reaction: true, press: true, vote: true, membership: true };

/** An adapter beside its platform, where a stranger does everything that can be done there. */
interface Scene {
  /** One event of each kind that the platform tells a bot of, done by a stranger. */
  readonly does: { readonly [K in Update["type"]]?: () => void };
  /** The stranger's id. */
  readonly stranger: string;
  /** Requests that the adapter has sent so far for anything but its own upkeep. */
  calls(): number;
}

/** To look for mail and to read its head and words, before which nobody knows who wrote it. To mark it or to fetch the files in it is none. */
const MAIL_UPKEEP = /^(?:DONE|\w+ (?:NOOP|IDLE|UID SEARCH .*|UID FETCH \d+ \((?!.*(?:\[[2-9]|BODY\[)).*))$/;

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
    const place = { channel: "discord", account: "default", conversation: CHANNEL };
    const poll = await bench.channel.actions!.poll!(
      { address: place, signal: AbortSignal.timeout(10_000) },
      { question: "?", options: ["a", "b"], multiple: false },
    );
    const vote = { user_id: from, channel_id: CHANNEL, message_id: poll.messageId, guild_id: discord.guild, answer_id: 1 };
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
        vote: () => discord.dispatch("MESSAGE_POLL_VOTE_ADD", vote),
        press: () => discord.press({ id: said.id, channel_id: CHANNEL }, "ask:ABCDEF:once", from),
        deletion: () => discord.dispatch("MESSAGE_DELETE", { id: said.id, channel_id: CHANNEL, guild_id: discord.guild }),
      },
      calls: () => discord.calls.length + discord.interactionAnswers.length,
    };
  },

  async imessage(intake, ends) {
    const bench = await imessageBench({ intake });
    ends(() => bench.close());
    bench.start();
    const { mac } = bench;
    await mac.until(() => bench.channel.status().state === "ready");
    intake.outcome = () => ({ kind: "refused", reason: "stranger" });
    const said = mac.say("before");
    await intake.until(() => intake.updates.length === 1);
    const gone = mac.say("gone soon");
    await intake.until(() => intake.updates.length === 2);
    const file = { guid: "at_0", mimeType: "image/png", transferName: "a.png", totalBytes: 1, isSticker: false, hideAttachment: false };
    return {
      stranger: said.handle!.address,
      does: {
        message: () => void mac.say("hi", { attachments: [file] }),
        edit: () => mac.edit(said, "changed"),
        reaction: () => void mac.tapback(said, "like"),
        deletion: () => mac.unsend(gone),
      },
      // To look for rows is upkeep: who wrote them is not known before.
      calls: () => mac.calls.filter(({ call }) => !/^(POST \/message\/query|GET \/server\/info)$/.test(call)).length,
    };
  },

  async googlechat(intake, ends) {
    const bench = await googleChatBench({ intake });
    ends(() => bench.close());
    bench.start();
    const { chat } = bench;
    await chat.until(() => bench.channel.status().state === "ready");
    await bench.channel.send(
      bench.channel.render({ parts: [{ type: "text", text: "?" }], buttons: [{ label: "Yes", data: "ask:ABCDEF:once" }] })[0]!,
      googleChatTarget(CHAT_TOWN, { thread: "T1" }),
    );
    const by = { from: "100000000000000000066", space: CHAT_TOWN };
    const tells = (event: Record<string, unknown> & { id: string }) => void chat.deliver(event);
    const file = { contentName: "a.png", contentType: "image/png", attachmentDataRef: { resourceName: "a" }, source: "UPLOADED_CONTENT" };
    return {
      stranger: by.from,
      does: {
        message: () => tells(chat.mention("hi", { ...by, attachment: [file] })),
        press: () => tells(chat.click([...chat.messages.values()][0]!, "Yes", { from: by.from })),
        membership: () => tells(chat.event("REMOVED_FROM_SPACE", by)),
      },
      calls: () => chat.calls.length,
    };
  },

  async irc(intake, ends) {
    // A server that tags what is said with the account, as today's do. One that does not has to be asked who somebody is before anybody can be let in or refused.
    const irc = await startFakeIrc({ caps: ["account-tag", "message-tags"] });
    ends(() => irc.close());
    const bench = await ircBench(irc.port, { intake, config: { channels: ["#garden"], server_password: undefined } });
    ends(() => bench.close());
    bench.start();
    await irc.until(() => irc.lines.includes("JOIN #garden"));
    await bench.until(() => bench.channel.status().state === "ready");
    const eve = "@account=Eve :eve!e@home";
    return {
      stranger: "account:eve",
      does: {
        message: () => irc.line(`${eve} PRIVMSG clanker :hi`),
        membership: () => irc.line(`${eve} KICK #garden clanker :out`),
      },
      calls: () => irc.lines.filter((line) => !/^P[IO]NG /.test(line)).length,
    };
  },

  async mattermost(intake, ends) {
    const bench = await mattermostBench({ intake, buttons: true });
    ends(() => bench.close());
    const { mattermost } = bench;
    // From before the start: of its conversation nothing has been heard yet.
    const said = mattermost.say({ message: "before" });
    bench.start();
    await mattermost.until(() => mattermost.calls.some(({ call }) => call.endsWith("/channels")));
    await bench.channel.send(
      bench.channel.render({ parts: [{ type: "text", text: "?" }], buttons: [{ label: "Yes", data: "ask:ABCDEF:once" }] })[0]!,
      mattermostTarget(TOWN),
    );
    const asked = [...mattermost.posts.values()].at(-1)!;
    const file = mattermost.attach("a.png", "image/png", Buffer.from("x"));
    return {
      stranger: ANN,
      does: {
        message: () => mattermost.say({ channel_id: TOWN, message: "@clanker hi", file_ids: [file] }),
        edit: () => mattermost.edit(said, "changed"),
        reaction: () => mattermost.react(said, "eyes"),
        press: () => void mattermost.press(asked, 0),
        deletion: () => mattermost.remove(said),
        membership: () => mattermost.dispatch("user_removed", { channel_id: TOWN, remover_id: ANN }),
      },
      calls: () => mattermost.calls.length,
    };
  },

  async feishu(intake, ends) {
    const bench = await feishuBench({ intake });
    ends(() => bench.close());
    bench.start();
    const { feishu } = bench;
    await feishuReady(bench);
    await bench.channel.send(
      bench.channel.render({ parts: [{ type: "text", text: "?" }], buttons: [{ label: "Yes", data: "ask:ABCDEF:once" }] })[0]!,
      feishuTarget(FEISHU_GROUP),
    );
    const asked = feishu.messages[0]!;
    const said = feishu.say("before");
    await feishu.until(() => feishu.taken() === 1);
    return {
      stranger: FEISHU_ANN,
      does: {
        message: () =>
          void feishu.say({ image_key: "img_1" }, { type: "image", id: `om_${Math.random().toString(36).slice(2)}`, message: { parent_id: asked.id } }),
        reaction: () =>
          feishu.dispatch("im.message.reaction.created_v1", {
            message_id: asked.id,
            reaction_type: { emoji_type: "SMILE" },
            operator_type: "user",
            user_id: { open_id: FEISHU_ANN },
            action_time: "1627641418803",
          }),
        press: () => feishu.press(asked, 0),
        deletion: () => feishu.dispatch("im.message.recalled_v1", { message_id: said, chat_id: "oc_direct", recall_time: "1627641418804" }),
        membership: () => feishu.dispatch("im.chat.member.bot.deleted_v1", { chat_id: FEISHU_GROUP, operator_id: { open_id: FEISHU_ANN } }),
      },
      calls: () => feishu.calls.filter(({ call }) => !/\/(auth|callback|bot)\//.test(call)).length,
    };
  },

  async line(intake, ends) {
    const bench = await lineBench({ intake });
    ends(() => bench.close());
    bench.start();
    const { line } = bench;
    await lineReady(bench);
    const photo = line.attach(Buffer.from("x"), "image/jpeg");
    return {
      stranger: LINE_ANN,
      does: {
        message: () => line.say({ type: "image", contentProvider: { type: "line" }, quotedMessageId: photo }),
        press: () => void line.press("ask:ABCDEF:once"),
        deletion: () => line.dispatch(line.event("unsend", line.sourceOf(LINE_ANN, LINE_ANN), { unsend: { messageId: photo } })),
        membership: () => line.dispatch(line.event("follow", line.sourceOf(LINE_ANN, LINE_ANN), { replyToken: "r", follow: { isUnblocked: false } })),
      },
      calls: () => line.calls.filter(({ call }) => !/\/v2\/bot\/(info|channel\/webhook|message\/quota)/.test(call)).length,
    };
  },

  async matrix(intake, ends) {
    const bench = await matrixBench({ intake });
    ends(() => bench.close());
    const { matrix } = bench;
    const from = "@eve:test";
    const room = matrix.town;
    bench.start();
    // The account sets itself up beside what it hears: until that is done its own requests would be counted.
    await matrix.until(() => bench.channel.status().identity?.includes("backed up") === true);
    const said = matrix.say("before", { room, from });
    await intake.until(() => intake.updates.length === 1);
    await matrix.until(() => matrix.calls.some(({ call }) => call.includes("/receipt/")));
    const elsewhere = matrix.world.createRoom([from]);
    const about = (rel_type: string, more: object) => ({ room, from, content: { "m.relates_to": { rel_type, event_id: said.event_id, ...more } } });
    const changed = about("m.replace", {});
    return {
      stranger: from,
      does: {
        message: () => matrix.say("hi", { room, from, content: { msgtype: "m.image", url: "mxc://test/x", filename: "a.png" } }),
        edit: () => matrix.say("* changed", { ...changed, content: { ...changed.content, "m.new_content": { msgtype: "m.text", body: "changed" } } }),
        reaction: () => matrix.say("", { type: "m.reaction", ...about("m.annotation", { key: "👍" }) }),
        vote: () => {
          const vote = about("m.reference", {});
          matrix.say("", { type: "m.poll.response", ...vote, content: { ...vote.content, "m.selections": ["yes"] } });
        },
        deletion: () => matrix.say("", { type: "m.room.redaction", room, from, content: { redacts: said.event_id } }),
        membership: () => matrix.world.member(elsewhere, matrix.bot.user, "invite", { sender: from }),
      },
      calls: () => matrix.calls.filter(({ call }) => !call.endsWith("/sync")).length,
    };
  },

  async email(intake, ends) {
    const server = await startDovecot({ password: PASSWORD });
    ends(() => server.close());
    const bench = await emailBench(server, { intake });
    ends(() => bench.close());
    let sent = "";
    for (const wire of [bench.imapWire, bench.smtpWire]) wire.onSent = (chunk) => void (sent += String(chunk));
    bench.start();
    await bench.until(() => bench.channel.status().state === "ready");
    const head = ["MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=b"];
    const file = ["--b", "Content-Type: image/png; name=a.png", "Content-Disposition: attachment", "Content-Transfer-Encoding: base64", "", "eA=="];
    const body = ["--b", "Content-Type: text/plain", "", "hi", ...file, "--b--"].join("\n");
    return {
      stranger: "eve@example.org",
      does: { message: () => void bench.receive({ from: "eve@example.org", head, body }) },
      calls: () =>
        sent
          .split("\r\n")
          .slice(0, -1)
          .filter((line) => !MAIL_UPKEEP.test(line)).length,
    };
  },

  async signal(intake, ends) {
    const bench = await signalBench({ intake });
    ends(() => bench.close());
    bench.start();
    const { signal } = bench;
    await signal.until(() => bench.channel.status().state === "ready");
    const said = signal.say("before", { from: EVE });
    await intake.until(() => intake.updates.length === 1);
    await signal.until(() => signal.calls.some(({ method }) => method === "sendReceipt"));
    const file = { contentType: "image/png", filename: "a.png", id: "a.png", size: 1 };
    const reaction = { emoji: "x", targetAuthorUuid: EVE, targetSentTimestamp: said, isRemove: false };
    return {
      stranger: EVE,
      does: {
        message: () => signal.say("hi", { from: EVE, attachments: [file] }),
        edit: () => signal.edit(said, "changed", { from: EVE }),
        reaction: () => signal.does({ reaction }, { from: EVE }),
        deletion: () => signal.does({ remoteDelete: { timestamp: said } }, { from: EVE }),
        vote: () => signal.does({ pollVote: { authorUuid: EVE, targetSentTimestamp: 1, optionIndexes: [0], voteCount: 1 } }, { from: EVE }),
      },
      calls: () => signal.calls.length,
    };
  },

  async teams(intake, ends) {
    const bench = await teamsBench({ intake });
    ends(() => bench.close());
    bench.start();
    const { teams } = bench;
    await teams.until(() => bench.channel.status().state === "ready");
    const { messageId } = await bench.channel.send(
      bench.channel.render({ parts: [{ type: "text", text: "?" }], buttons: [{ label: "Yes", data: "ask:ABCDEF:once" }] })[0]!,
      teamsTarget(TEAMS_CHAT),
    );
    const from = "66666666-6666-6666-6666-666666666666";
    const by = { from, conversation: TEAMS_CHAT };
    const tells = (activity: Record<string, unknown> & { id: string }) => void teams.deliver(activity);
    const picture = { contentType: "image/*", contentUrl: `${teams.origin}/amer/v3/attachments/1/views/original` };
    const said = teams.message("before", by);
    return {
      stranger: from,
      does: {
        message: () => tells(teams.mention("hi", { ...by, attachments: [picture] })),
        edit: () => tells({ ...said, type: "messageUpdate", text: "changed" }),
        reaction: () => tells(teams.activity({ type: "messageReaction", replyToId: messageId, reactionsAdded: [{ type: "like" }], ...by })),
        press: () => tells(teams.press(messageId, "Yes", by)),
        deletion: () => tells({ ...said, type: "messageDelete" }),
        membership: () => tells(teams.activity({ type: "conversationUpdate", membersRemoved: [{ id: TEAMS_BOT }], ...by })),
      },
      calls: () => teams.calls.length,
    };
  },

  async twitch(intake, ends) {
    const bench = await twitchBench({ intake });
    ends(() => bench.close());
    const { twitch } = bench;
    bench.start();
    await twitch.until(() => bench.channel.status().state === "ready");
    return {
      stranger: "66",
      does: { message: () => void twitch.chat({ text: "@clanker hi", from: "66" }), deletion: () => void twitch.remove("m1", { from: "66" }) },
      calls: () => twitch.calls.length,
    };
  },

  async nostr(intake, ends) {
    const bench = await nostrBench({ intake });
    ends(() => bench.close());
    bench.start();
    const [relay] = bench.relays;
    const { me } = bench;
    // Its own upkeep is done: it has said where its inbox is.
    await bench.until(() => [...relay!.stored.values()].some((event) => event.kind === 10_050 && event.pubkey === me));
    const eve = person();
    return {
      stranger: eve.npub,
      does: {
        message: () =>
          relay!.put(
            eve.wrap(`https://x.test/${crypto.randomUUID()}.png`, me, {
              kind: 15,
              tags: [
                ["p", me],
                ["decryption-key", "00".repeat(32)],
                ["decryption-nonce", "00".repeat(12)],
              ],
            }).event,
          ),
        reaction: () =>
          relay!.put(
            eve.wrap("+", me, {
              kind: 7,
              tags: [
                ["p", me],
                ["e", "a".repeat(64)],
              ],
            }).event,
          ),
      },
      calls: () => relay!.words.length,
    };
  },

  async xmpp(intake, ends) {
    const server = await startProsody();
    ends(() => server.close());
    await server.addUser("eve");
    const bench = await xmppBench(server, { intake });
    ends(() => bench.close());
    let sent = "";
    bench.wire.onSent = (chunk) => void (sent += String(chunk));
    bench.start();
    await bench.until(() => bench.channel.status().state === "ready");
    const eve = await connectPeer(server, "eve");
    ends(() => eve.close());
    const tells = (child: ReturnType<typeof xml>, ...more: ReturnType<typeof xml>[]) =>
      void eve.send(xml("message", { to: bench.jid, type: "chat", id: crypto.randomUUID() }, child, ...more));
    const file = "http://127.0.0.1:1/a.png";
    const asked = [xml("request", { xmlns: "urn:xmpp:receipts" }), xml("markable", { xmlns: "urn:xmpp:chat-markers:0" })];
    return {
      stranger: eve.jid,
      does: {
        message: () => tells(xml("body", null, file), xml("x", { xmlns: "jabber:x:oob" }, xml("url", null, file)), ...asked),
        edit: () => tells(xml("body", null, "changed"), xml("replace", { xmlns: "urn:xmpp:message-correct:0", id: "m1" })),
        reaction: () => tells(xml("reactions", { xmlns: "urn:xmpp:reactions:0", id: "m1" }, xml("reaction", null, "x"))),
        deletion: () => tells(xml("retract", { xmlns: "urn:xmpp:message-retract:1", id: "m1" })),
        membership: () => void eve.send(xml("presence", { to: bench.jid, type: "subscribe" })),
      },
      // Acknowledgements and pings to our own server are upkeep.
      calls: () => (sent.match(/<(message|presence)\b|<iq\b(?!.{0,80}<ping )/g) ?? []).length,
    };
  },

  async zalo(intake, ends) {
    const bench = await zaloBench({ intake });
    ends(() => bench.close());
    bench.start();
    const { zalo } = bench;
    await zaloReady(bench);
    return {
      stranger: "eve",
      does: {
        message: () => zalo.dispatch(zalo.update("message.image.received", { photo: "https://photo.test/a.jpg", caption: "hi" }, { from: "eve" })),
      },
      calls: () => zalo.calls.filter(({ method }) => !/^(getMe|getWebhookInfo|setWebhook)$/.test(method)).length,
    };
  },

  async webhook(intake, ends) {
    const bench = await webhookBench({ intake });
    ends(() => bench.close());
    bench.start();
    const { program } = bench;
    await program.until(() => bench.channel.status().state === "ready");
    let count = 0;
    const tells = (type: string, more: object) => void program.post({ type, id: `e${++count}`, conversation: "c1", sender: { id: "eve" }, ...more });
    return {
      stranger: "eve",
      does: {
        message: () => tells("message", { text: "hi", media: [{ id: "f1", name: "a.png", type: "image/png", size: 1 }] }),
        edit: () => tells("edit", { message: "e1", text: "changed" }),
        reaction: () => tells("reaction", { message: "e1", emoji: "x" }),
        press: () => tells("press", { message: "e1", data: "ask:ABCDEF:once" }),
        deletion: () => tells("deletion", { message: "e1" }),
      },
      calls: () => program.asked,
    };
  },

  async whatsapp(intake, ends) {
    const bench = await createCloudBench({ intake, timing: { checkMs: 60_000 } });
    ends(() => bench.close());
    bench.start();
    const { cloud } = bench;
    await cloud.until(() => bench.channel.status().state === "ready");
    const file = cloud.addFile(new Uint8Array([1]), "image/png");
    return {
      stranger: ANNS_NUMBER,
      does: {
        message: () => void cloud.say({ type: "image", image: { id: file, mime_type: "image/png", caption: "hi" } }),
        edit: () => void cloud.say({ type: "edit", edit: { original_message_id: "wamid.1", message: { type: "text", text: { body: "changed" } } } }),
        reaction: () => void cloud.say({ type: "reaction", reaction: { message_id: "wamid.1", emoji: "👀" } }),
        press: () =>
          void cloud.say({
            type: "interactive",
            context: { id: "wamid.1" },
            interactive: { type: "button_reply", button_reply: { id: "clanker:ask:ABCDEF:once", title: "Yes" } },
          }),
        deletion: () => void cloud.say({ type: "revoke", revoke: { original_message_id: "wamid.1" } }),
      },
      calls: () => cloud.calls.length,
    };
  },
};

/** The kinds of updates that an adapter's sources make. */
function kindsInSource(channel: string): string[] {
  const folder = join(import.meta.dirname, "../../src/channels", channel);
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  const text = sources.map((file) => readFileSync(join(folder, file), "utf8")).join("\n");
  return Object.keys(KINDS).filter((kind) => new RegExp(`\\btype: "${kind}"(?: as const)?(?:,| \\})`).test(text));
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

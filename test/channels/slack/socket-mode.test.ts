import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { StoreError } from "../../../src/core/errors.ts";
import { createRecordingIntake } from "../recording-intake.ts";
import { createBench, withBench } from "./harness.ts";

describe("slack socket mode", () => {
  test("fault-4 an envelope is acknowledged only when its row is on record", async () => {
    const intake = createRecordingIntake();
    const early: string[] = [];
    const onTaken = (payload: Record<string, unknown>) => {
      const { ts } = payload["event"] as { ts: string };
      if (!intake.updates.some((update) => update.key === `msg:D42:${ts}`)) early.push(ts);
    };
    await withBench(
      async ({ slack }) => {
        for (let i = 0; i < 20; i++) slack.say({ text: `m${i}` });
        await slack.until(() => slack.taken() === 20);
        assert.deepEqual(early, []);
        assert.equal(intake.updates.length, 20);
      },
      { intake, fake: { onTaken } },
    );
  });

  test("app_mention and message of the same words are one update", () =>
    withBench(async ({ slack, intake }) => {
      slack.say({ text: "<@U0BOT> hi", channel: "C1", alsoMention: true });
      await slack.until(() => slack.taken() === 2);
      assert.equal(intake.updates.length, 1);
    }));

  test("when Slack asks for another socket, it is open before the old one goes; nothing is lost and the status stays", () =>
    withBench(async ({ slack, intake, channel }) => {
      slack.say({ text: "before" });
      slack.refresh("warning");
      slack.say({ text: "between" });
      await slack.until(() => slack.everOpened === 2);
      slack.say({ text: "after" });
      await slack.until(() => slack.taken() === 3);
      assert.deepEqual(
        intake.updates.map((update) => update.type === "message" && update.message.parts[0]?.type === "text" && update.message.parts[0].text),
        ["before", "between", "after"],
      );
      assert.equal(channel.status().state, "ready");
      await slack.until(() => slack.openSockets === 1);
    }));

  test("fault-50 a lost connection comes back with backoff, and what was not acknowledged is taken once", () =>
    withBench(
      async ({ slack, intake, channel }) => {
        intake.hold();
        slack.say({ text: "on its way" });
        await intake.until(() => intake.begun === 1);
        slack.cutSockets();
        intake.release();
        await slack.until(() => slack.everOpened >= 2 && slack.taken() === 1 && channel.status().state === "ready");
        assert.equal(intake.updates.length, 1);
      },
      { fake: { retryMs: 50 } },
    ));

  test("fault-43 a socket that says nothing is found out by its pings, and the account is not called ready", () =>
    withBench(
      async ({ slack, channel }) => {
        slack.deaf(true);
        await slack.until(() => channel.status().code === "slack_silent");
        assert.equal(channel.status().state, "degraded");
        slack.deaf(false);
        await slack.until(() => channel.status().state === "ready");
        assert.equal(channel.status().code, undefined);
      },
      { timing: { pingMs: 10, pongMs: 150, helloMs: 150 } },
    ));

  test("fault-48 a quiet workspace costs no new connection, and the last pong is shown", () =>
    withBench(
      async ({ slack, channel }) => {
        const first = channel.status().lastAliveAt!;
        await slack.until(() => channel.status().lastAliveAt! > first + 30);
        assert.equal(slack.everOpened, 1);
      },
      { timing: { pingMs: 5, pongMs: 5_000 } },
    ));

  test("the status says who it is and when it was last heard from and spoken to", () =>
    withBench(async ({ slack, channel }) => {
      assert.equal(channel.status().identity, "@clanker (Fake)");
      assert.equal(channel.status().lastEventAt, undefined);
      slack.say({ text: "hi" });
      await slack.until(() => slack.taken() === 1);
      assert.ok(channel.status().lastEventAt! > 1_600_000_000_000);
    }));

  test("Socket Mode that is switched off is a failure that only the owner can mend", () =>
    withBench(async ({ slack, channel }) => {
      slack.refresh("link_disabled");
      await slack.until(() => channel.status().code === "slack_socket_disabled");
      assert.equal(channel.status().state, "failed");
      await slack.until(() => channel.status().state === "ready");
    }));

  test("an event that cannot be handed in does not hold up the others for ever", () =>
    withBench(
      async ({ slack, intake }) => {
        intake.rejectNext(new Error("a fault of ours"), 3);
        slack.say({ text: "poison" });
        slack.say({ text: "fine" });
        await intake.until(() => intake.updates.length === 1);
        await slack.until(() => slack.taken() === 2);
        assert.equal(intake.updates.length, 2);
      },
      { fake: { retryMs: 200 } },
    ));

  test("fault-47 what was said while nobody listened is read from the history, once, and nothing older", async () => {
    const intake = createRecordingIntake();
    const bench = await createBench({ intake });
    const { slack } = bench;
    try {
      slack.say({ text: "long ago", unheard: true });
      bench.start();
      await slack.until(() => bench.channel.status().state === "ready");
      const heard = slack.say({ text: "heard" });
      await slack.until(() => slack.taken() === 1);
      await bench.stop();
      const root = slack.say({ text: "missed", channel: "C1", unheard: true });
      slack.say({ text: "missed in thread", channel: "C1", thread: root.ts, user: "U43", unheard: true });
      slack.say({ text: "missed too", unheard: true });
      bench.start();
      await intake.until(() => intake.updates.length === 4);
      assert.deepEqual(
        intake.updates.map((update) => update.type === "message" && update.message.parts[0]?.type === "text" && update.message.parts[0].text).toSorted(),
        ["heard", "missed", "missed in thread", "missed too"],
      );
      assert.equal(intake.cursors[0]?.value, heard.ts);
      assert.deepEqual(slack.violations, []);
    } finally {
      await bench.close();
    }
  });

  test("fault-50 what was said while the connection was away is read once it is back, in a conversation that was never heard of too", () =>
    withBench(
      async ({ slack, intake }) => {
        slack.deaf(true);
        slack.cutSockets();
        slack.say({ text: "unheard one", unheard: true });
        slack.say({ text: "unheard two", user: "U43", unheard: true });
        slack.deaf(false);
        await intake.until(() => intake.updates.length === 2);
        slack.say({ text: "live" });
        await slack.until(() => slack.taken() === 1);
        assert.equal(intake.updates.length, 3);
      },
      { timing: { helloMs: 100 } },
    ));

  test("fault-47 a gap that could not be read stays on record until it was", async () => {
    const intake = createRecordingIntake();
    const bench = await createBench({ intake });
    const { slack } = bench;
    try {
      bench.start();
      await slack.until(() => bench.channel.status().state === "ready");
      const heard = slack.say({ text: "heard" });
      await slack.until(() => slack.taken() === 1);
      await bench.stop();
      slack.say({ text: "missed", unheard: true });
      slack.failNext("users.conversations", "internal_error", { status: 500 });
      bench.start();
      await slack.until(() => slack.callsOf("users.conversations").length === 1 && slack.openSockets === 1);
      slack.say({ text: "live" });
      await slack.until(() => slack.taken() === 2);
      assert.equal(intake.cursors.at(-1)?.value, heard.ts);
      slack.cutSockets();
      await intake.until(() => intake.updates.length === 3);
      assert.deepEqual(slack.violations, []);
    } finally {
      await bench.close();
    }
  });

  test("fault-51 while nothing can be stored the account is not called ready, however well Slack answers", () =>
    withBench(
      async ({ slack, intake, channel }) => {
        intake.rejectNext(new StoreError("store_full", "no room", { retryAfterMs: 100 }), 5);
        slack.say({ text: "keep me" });
        await slack.until(() => channel.status().code === "store_full");
        const seen = new Set<string>();
        await slack.until(() => {
          if (intake.updates.length === 0) seen.add(channel.status().state);
          return slack.taken() === 1;
        });
        assert.deepEqual([...seen], ["degraded"]);
        assert.equal(channel.status().state, "ready");
      },
      { timing: { pingMs: 5, pongMs: 5_000 } },
    ));

  test("whatever comes over the socket, the next message is taken", () =>
    withBench(async ({ slack, intake, channel }) => {
      const junk = ["junk", "null", "[]", "{}", '{"type":"events_api"}', '{"type":"disconnect_soon"}', '{"envelope_id":7,"type":"events_api","payload":{}}'];
      for (const socket of slack.deliveries.sockets) for (const text of junk) socket.send(text);
      for (const event of [
        { type: "message" },
        { type: "message", channel: "C1", ts: "now", text: "x", user: "U42" },
        { type: "message", channel: "C1", ts: "1700000000.000001", user: "U42", text: "x", files: 7 },
        { type: "message", subtype: "message_changed", channel: "C1", message: { ts: 5 } },
        { type: "message", subtype: "message_deleted", channel: "C1", deleted_ts: "x", previous_message: {} },
        { type: "reaction_added", item: null, user: "U42", reaction: "x", event_ts: "1.1" },
        { type: "member_joined_channel" },
      ])
        slack.event(event);
      slack.event({ type: "message" }, { event: null });
      slack.deliveries.add("interactive", {
        type: "block_actions",
        actions: "none",
        user: { id: "U42" },
        channel: { id: "C1" },
        container: { message_ts: "1.1" },
      });
      slack.deliveries.add("slash_commands", {});
      slack.say({ text: "fine" });
      await slack.until(() => slack.deliveries.all.every((one) => one.taken));
      assert.deepEqual(
        intake.updates.map((update) => update.type === "message" && update.message.parts[0]),
        [{ type: "text", text: "fine" }],
      );
      assert.equal(channel.status().state, "ready");
    }));

  test("names of those who are let in are learnt for the next time; a stranger's is not asked for", () =>
    withBench(async ({ slack, intake }) => {
      intake.outcome = () => ({ kind: "refused", reason: "stranger" });
      slack.say({ text: "sec-34", user: "U66" });
      await slack.until(() => slack.taken() === 1);
      assert.equal(slack.callsOf("users.info").length, 0);
      intake.outcome = () => ({ kind: "context", messageId: "m", sessionId: "s" });
      slack.say({ text: "one" });
      await slack.until(() => slack.callsOf("users.info").length === 1);
      for (let i = 1; i <= 100 && intake.updates.at(-1)?.sender.name !== "Ada"; i++) {
        slack.say({ text: `again ${i}` });
        await slack.until(() => slack.taken() === 2 + i);
      }
      assert.deepEqual(intake.updates.at(-1)?.sender, { id: "U42", name: "Ada" });
      assert.equal(slack.callsOf("users.info").length, 1);
    }));

  test("sec-34 nothing that a stranger does causes a call", () =>
    withBench(async ({ slack, intake }) => {
      intake.outcome = () => ({ kind: "refused", reason: "stranger" });
      const file = slack.addFile(Buffer.from("x"), { name: "a.png", type: "image/png" });
      const before = slack.calls.length;
      const said = slack.say({ text: "hi", user: "U66", files: [file] });
      slack.edit("D66", said.ts, "changed");
      slack.react("D66", said.ts, "eyes", { user: "U66" });
      slack.remove("D66", said.ts);
      slack.command("status", { user: "U66" });
      await slack.until(() => slack.taken() === 5);
      assert.equal(intake.updates.length, 5);
      assert.equal(slack.calls.length, before);
    }));
});

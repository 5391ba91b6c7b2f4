import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { StoreError } from "../../../src/core/errors.ts";
import type { Update } from "../../../src/core/update.ts";
import { CHANNEL, DIRECT, PERSON, THREAD } from "../../fakes/discord/index.ts";
import { type Bench, createBench, withBench } from "./harness.ts";

const texts = (updates: readonly Update[]) =>
  updates.flatMap((update) => (update.type === "message" ? update.message.parts.map((part) => (part.type === "text" ? part.text : part.type)) : []));
const clean = ({ discord }: Bench) => assert.deepEqual(discord.violations, []);

describe("the gateway session of discord", () => {
  test("fault-4 a connection that breaks before the commit brings the message again, once", () =>
    withBench(async (bench) => {
      const { discord, intake } = bench;
      const before = intake.begun;
      intake.hold();
      discord.say({ text: "one" });
      await intake.until(() => intake.begun === before + 1);
      discord.drop();
      discord.say({ text: "two" });
      intake.release();
      await intake.until(() => intake.updates.length === 2);
      await discord.until(() => discord.events("MESSAGE_CREATE").read === 2);
      assert.deepEqual(texts(intake.updates), ["one", "two"]);
      assert.deepEqual([discord.log.identifies, discord.log.resumes], [1, 1]);
      clean(bench);
    }));

  test("a reconnect that discord asks for is a resume and no trouble", () =>
    withBench(async (bench) => {
      const { discord, intake, channel } = bench;
      discord.askReconnect();
      await discord.until(() => discord.log.resumes === 1);
      discord.say({ text: "after" });
      await intake.until(() => intake.updates.length === 1);
      assert.equal(discord.log.identifies, 1);
      assert.ok(!discord.log.closes.includes(1000));
      assert.equal(channel.status().state, "ready");
      assert.ok(!bench.logs().includes("degraded"));
      clean(bench);
    }));

  test("fault-43 a connection whose heartbeats are not answered is given up and resumed", () =>
    withBench(
      async (bench) => {
        const { discord, intake } = bench;
        discord.gateway.deaf = true;
        await discord.until(() => discord.log.closes.length > 0);
        discord.gateway.deaf = false;
        discord.say({ text: "heard" });
        await intake.until(() => intake.updates.length === 1);
        assert.ok(discord.log.resumes >= 1);
        clean(bench);
      },
      { fake: { heartbeatMs: 150 } },
    ));

  test("fault-43 a gateway that accepts and says nothing is given up", async () => {
    const bench = await createBench({ timing: { helloMs: 100 } });
    try {
      bench.discord.gateway.mute = true;
      bench.start();
      await bench.discord.until(() => bench.discord.log.closes.length >= 2);
      assert.equal(bench.channel.status().state, "degraded");
      bench.discord.gateway.mute = false;
      await bench.discord.until(() => bench.channel.status().state === "ready");
    } finally {
      await bench.close();
    }
  });

  for (const resumable of [true, false]) {
    test(`fault-47 rejected resumes (${resumable ? "three times" : "for good"}) end in a new session, and the history gives what was missed, once`, () =>
      withBench(async (bench) => {
        const { discord, intake } = bench;
        discord.say({ text: "known" });
        discord.say({ text: "known there", channel: CHANNEL });
        await intake.until(() => intake.updates.length === 2);
        discord.gateway.rejectResumes = { times: resumable ? 3 : 1, resumable };
        discord.forgetSession();
        discord.drop();
        discord.say({ text: "missed" });
        discord.say({ text: "missed in a thread", channel: THREAD });
        const edited = discord.say({ text: "missed, frist", channel: CHANNEL });
        discord.edit(edited, "missed, first");
        await intake.until(() => intake.updates.length === 6);
        await discord.until(() => bench.channel.status().state === "ready");
        assert.deepEqual(texts(intake.updates).toSorted(), ["known", "known there", "missed", "missed in a thread", "missed, first"]);
        assert.equal(discord.log.identifies, 2);
        assert.equal(discord.log.resumes, resumable ? 3 : 1);
        const edit = intake.updates.find((update) => update.type === "edit");
        assert.equal(edit?.key, `edit:${CHANNEL}:${edited.id}:${Date.parse(String(edited["edited_timestamp"]))}`);
        discord.say({ text: "live again" });
        await intake.until(() => intake.updates.length === 7);
        clean(bench);
      }));
  }

  test("fault-50 a restart resumes from what was committed; what came meanwhile arrives", () =>
    withBench(async (bench) => {
      const { discord, intake } = bench;
      discord.say({ text: "before" });
      await intake.until(() => intake.updates.length === 1);
      await bench.stop();
      discord.say({ text: "meanwhile" });
      bench.start();
      await intake.until(() => intake.updates.length === 2);
      assert.deepEqual(texts(intake.updates), ["before", "meanwhile"]);
      assert.deepEqual([discord.log.identifies, discord.log.resumes], [1, 1]);
      clean(bench);
    }));

  test("a history that discord slows down or the intake refuses is read again, and a crash in between does not forget it", () =>
    withBench(async (bench) => {
      const { discord, intake } = bench;
      discord.say({ text: "known", channel: CHANNEL });
      await intake.until(() => intake.updates.length === 1);
      await bench.stop();
      discord.forgetSession();
      discord.say({ text: "missed", channel: CHANNEL });
      discord.gateway.withholdGuilds = true;
      bench.start();
      await discord.until(() => bench.channel.status().state === "ready" && discord.log.identifies === 2);
      assert.ok(!intake.cursors.at(-1)!.value.includes("session"), "while the history is unread no session is kept to be resumed");
      await bench.stop();
      discord.gateway.withholdGuilds = false;
      discord.faults.push({ method: "GET", path: /\/messages$/, status: 429, body: { message: "slow down", retry_after: 0.02 } });
      intake.rejectNext(new StoreError("store_full", "no room", { retryAfterMs: 5 }), 3);
      bench.start();
      await intake.until(() => intake.updates.length === 2 && intake.cursors.at(-1)!.value.includes("session"));
      assert.deepEqual(texts(intake.updates), ["known", "missed"]);
      assert.deepEqual(discord.faults, []);
      clean(bench);
    }));

  for (const [closeCode, state, code] of [
    [4004, "failed", "discord_token_refused"],
    [4014, "failed", "discord_intent_missing"],
  ] as const) {
    test(`fault-24 close code ${closeCode} shows as ${code} and mends itself when the owner has`, async () => {
      const bench = await createBench();
      try {
        bench.discord.gateway.refuseIdentify = closeCode;
        bench.start();
        await bench.discord.until(() => bench.channel.status().code === code);
        assert.equal(bench.channel.status().state, state);
        bench.discord.gateway.refuseIdentify = undefined;
        await bench.discord.until(() => bench.channel.status().state === "ready");
      } finally {
        await bench.close();
      }
    });
  }

  test("fault-48 a quiet account stays connected and shows when it was last heard", () =>
    withBench(
      async (bench) => {
        const { discord, channel } = bench;
        const first = channel.status().lastAliveAt!;
        await discord.until(() => discord.log.heartbeats >= 3 && channel.status().lastAliveAt! > first);
        assert.deepEqual([discord.log.identifies, discord.log.resumes, channel.status().identity], [1, 0, "@clanker"]);
        clean(bench);
      },
      { fake: { heartbeatMs: 700 } },
    ));

  test("a token in a message of a person is not put in place of the mark", () =>
    withBench(async (bench) => {
      bench.discord.say({ text: "{secret}" });
      await bench.intake.until(() => bench.intake.updates.length === 1);
      assert.deepEqual(texts(bench.intake.updates), ["{secret}"]);
      assert.equal(bench.intake.updates[0]!.sender.id, PERSON);
      assert.equal(bench.intake.updates[0]!.address.conversation, DIRECT);
    }));
});

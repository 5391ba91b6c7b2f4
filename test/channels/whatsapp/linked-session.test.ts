import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { ANN_JID } from "../../fakes/whatsapp/linked.ts";
import { createRecordingIntake } from "../recording-intake.ts";
import { createLinkedBench, follow, type LinkedBench, type LinkedBenchOptions, target, withLinked } from "./linked-harness.ts";

async function withBench(body: (bench: LinkedBench) => Promise<void>, options: LinkedBenchOptions = {}): Promise<void> {
  const bench = await createLinkedBench(options);
  try {
    bench.start();
    await body(bench);
  } finally {
    await bench.close();
  }
}

const code = (bench: LinkedBench) => bench.channel.status().code;

describe("whatsapp, linked device: the life of a session", () => {
  test("without a phone the status says how to link one, and no process is kept for that", () =>
    withBench(async (bench) => {
      await bench.whatsapp.until(() => code(bench) === "whatsapp_not_linked" && !bench.whatsapp.alive());
      assert.match(bench.channel.status().detail!, /clanker channels login whatsapp/);
      assert.equal(bench.whatsapp.sockets(), 0, "nothing was connected");
      await assert.rejects(bench.channel.send(bench.channel.render({ parts: [{ type: "text", text: "x" }] })[0]!, target()), {
        code: "whatsapp_disconnected",
        failure: "retry",
      });
      await assert.rejects(bench.channel.login!.unlink(), { code: "not_linked" });
    }));

  test("QR codes are shown as they change until the phone has scanned one", () =>
    withBench(async (bench) => {
      const { whatsapp, channel } = bench;
      await whatsapp.until(() => code(bench) === "whatsapp_not_linked");
      const login = follow(bench);
      await whatsapp.until(() => whatsapp.sockets() === 1);
      whatsapp.qr("2@first");
      whatsapp.qr("2@second");
      await whatsapp.until(() => login.steps.length === 2);
      await whatsapp.accept();
      await login.done;
      assert.deepEqual(login.steps, [
        { type: "qr", text: "2@first" },
        { type: "qr", text: "2@second" },
        { type: "linked", identity: "Clanker +15550001111" },
      ]);
      await whatsapp.until(() => channel.status().state === "ready");
      const again = follow(bench);
      await again.done;
      assert.deepEqual(again.steps, [{ type: "linked", identity: "Clanker +15550001111" }], "who is linked is told so");
    }));

  test("with a number a code is asked for, to be typed on the phone", () =>
    withBench(async (bench) => {
      const { whatsapp } = bench;
      await whatsapp.until(() => code(bench) === "whatsapp_not_linked");
      const login = follow(bench, { phone: "15550001111" });
      await whatsapp.until(() => whatsapp.sockets() === 1);
      whatsapp.qr("2@unused");
      whatsapp.qr("2@unused too");
      await whatsapp.until(() => login.steps.length === 1);
      assert.deepEqual(login.steps, [{ type: "code", code: "ABCD-1234" }]);
      assert.deepEqual(
        whatsapp.calls.map(({ name, args }) => [name, ...args]),
        [["requestPairingCode", "15550001111"]],
      );
      await whatsapp.accept();
      await login.done;
    }));

  test("a login that nobody finishes fails with a reason, and one that is given up leaves no process", () =>
    withBench(async (bench) => {
      const { whatsapp } = bench;
      await whatsapp.until(() => code(bench) === "whatsapp_not_linked");
      const late = follow(bench);
      await whatsapp.until(() => whatsapp.sockets() === 1);
      whatsapp.close(408, "QR refs attempts ended");
      await assert.rejects(late.done, { code: "whatsapp_login_failed", hint: /in time/ });
      const left = follow(bench);
      await whatsapp.until(() => whatsapp.sockets() === 2);
      left.stop();
      await left.done;
      await whatsapp.until(() => !whatsapp.alive() && code(bench) === "whatsapp_not_linked");
    }));

  test("where baileys is not installed the status says the command and the places, and a login does too", () =>
    withBench(
      async (bench) => {
        await bench.whatsapp.until(() => code(bench) === "whatsapp_library_missing");
        assert.match(
          bench.channel.status().detail!,
          /npm install --prefix \/nowhere\/libraries --save-exact baileys@7\.0\.0-rc14 .*\/nowhere\/libraries and of \/nowhere\/else/,
        );
        const login = follow(bench);
        await assert.rejects(login.done, { code: "whatsapp_library_missing", hint: /npm install/ });
      },
      { libraryFolders: ["/nowhere/libraries", "/nowhere/else"] },
    ));

  test("another version of baileys than the one that was tried is used, and the log says so", () =>
    withBench(
      async (bench) => {
        await bench.whatsapp.until(() => code(bench) === "whatsapp_not_linked");
        assert.match(bench.logs(), /another baileys/);
      },
      { version: "7.9.9" },
    ));

  test("sec-115 the keys of the session are sealed on disk, in no log, and opened again after a restart", async () => {
    const bench = await createLinkedBench();
    try {
      bench.start();
      await bench.linkPhone();
      bench.whatsapp.say({ conversation: "hi" });
      await bench.intake.until(() => bench.intake.updates.length === 1);
      await bench.stop();
      const disk = await readFile(bench.keepFile);
      const kept = JSON.stringify([...(await bench.entries())]);
      for (const canary of ["canary-noise-key", "canary-pre-key", "canary-private-key", "ratchet"]) {
        assert.ok(!disk.includes(canary) && !disk.includes(Buffer.from(canary).toString("base64").slice(0, -3)), canary);
        assert.ok(!bench.logs().includes(canary), canary);
      }
      assert.ok(kept.includes(Buffer.from("canary-noise-key").toString("base64")), "they are there");
      bench.whatsapp.letIn("open");
      bench.start();
      await bench.whatsapp.until(() => bench.channel.status().state === "ready");
    } finally {
      await bench.close();
    }
  });

  test("a logout tells WhatsApp, forgets every key and leaves the account to be linked anew", () =>
    withLinked(async (bench) => {
      await bench.channel.login!.unlink();
      assert.ok(bench.whatsapp.calls.some(({ name }) => name === "logout"));
      assert.equal((await bench.entries()).size, 0);
      await assert.rejects(readFile(bench.keepFile), { code: "ENOENT" });
      await bench.whatsapp.until(() => code(bench) === "whatsapp_not_linked" && !bench.whatsapp.alive());
    }));

  test("keys that do not open, as after a restore, are said to be so with the way out: a logout forgets them, and a login links anew", async () => {
    const bench = await createLinkedBench({ linked: true });
    try {
      await writeFile(bench.keepFile, "sealed with another key");
      bench.start();
      await bench.whatsapp.until(() => code(bench) === "keep_damaged" && bench.channel.status().state === "failed");
      assert.match(bench.channel.status().detail!, /clanker channels logout whatsapp, then clanker channels login whatsapp$/);
      await assert.rejects(follow(bench).done, { code: "keep_damaged" });
      await bench.channel.login!.unlink();
      await bench.linkPhone();
      assert.ok((await bench.entries()).has("creds"));
    } finally {
      await bench.close();
    }
  });

  test("a phone that unlinks the device makes the keys be forgotten, and the status says what to do", () =>
    withLinked(async (bench) => {
      bench.whatsapp.close(401, "Intentional Logout");
      await bench.whatsapp.until(() => code(bench) === "whatsapp_logged_out" && !bench.whatsapp.alive());
      assert.equal((await bench.entries()).size, 0);
      assert.match(bench.channel.status().detail!, /channels login whatsapp/);
    }));

  test("fault-50 lost connections are begun anew; each of WhatsApp's reasons has its own answer", () =>
    withLinked(async (bench) => {
      const { whatsapp, channel } = bench;
      whatsapp.letIn("open");
      for (const reason of [408, 428, 503, 500]) {
        const before = whatsapp.sockets();
        whatsapp.close(reason);
        await whatsapp.until(() => whatsapp.sockets() > before && channel.status().state === "ready");
      }
      whatsapp.letIn("by hand");
      whatsapp.close(440);
      await whatsapp.until(() => code(bench) === "whatsapp_replaced");
      await whatsapp.until(() => whatsapp.sockets() === 6);
      whatsapp.close(403);
      await whatsapp.until(() => code(bench) === "whatsapp_account_closed" && channel.status().state === "failed" && !whatsapp.alive());
    }));

  test("fault-43 a WhatsApp that does not answer any more is noticed, and a new process begun", () =>
    withLinked(
      async (bench) => {
        const { whatsapp } = bench;
        whatsapp.letIn("open");
        const before = whatsapp.children();
        whatsapp.deaf(true);
        await whatsapp.until(() => whatsapp.children() > before);
        whatsapp.deaf(false);
        await whatsapp.until(() => bench.channel.status().state === "ready");
        assert.match(bench.logs(), /whatsapp_silent/);
      },
      { timing: { checkMs: 50, aliveMs: 500 } },
    ));

  test("a child that breaks takes nothing with it: it is started again, and what it said of itself is in the log", () =>
    withLinked(async (bench) => {
      const { whatsapp, channel, intake } = bench;
      whatsapp.letIn("open");
      const before = whatsapp.children();
      whatsapp.crash();
      await whatsapp.until(() => whatsapp.children() > before && channel.status().state === "ready");
      assert.match(bench.logs(), /canary: baileys has broken/);
      whatsapp.say({ conversation: "after it" });
      await intake.until(() => intake.updates.length === 1);
    }));

  test("fault-3 a message that WhatsApp counts as delivered is handed in though the process died before it told of it", async () => {
    const intake = createRecordingIntake();
    const bench = await createLinkedBench({ intake });
    try {
      bench.start();
      await bench.linkPhone();
      const id = bench.whatsapp.say({ conversation: "do not lose me" }, { silent: true });
      await bench.whatsapp.until(() => bench.whatsapp.receipts.includes(id));
      await bench.stop();
      assert.equal(intake.updates.length, 0);
      assert.deepEqual([...bench.waiting], [id]);
      bench.whatsapp.letIn("open");
      bench.start();
      await intake.until(() => intake.updates.length === 1);
      const [update] = intake.updates;
      assert.deepEqual(update?.type === "message" && update.message.parts, [{ type: "text", text: "do not lose me" }]);
      await bench.whatsapp.until(() => bench.waiting.size === 0);
    } finally {
      await bench.close();
    }
  });

  test("fault-3 the same when only the child has died", () =>
    withLinked(async ({ whatsapp, intake, waiting }) => {
      whatsapp.letIn("open");
      const id = whatsapp.say({ conversation: "do not lose me either" }, { silent: true });
      await whatsapp.until(() => whatsapp.receipts.includes(id));
      whatsapp.crash();
      await intake.until(() => intake.updates.length === 1);
      await whatsapp.until(() => waiting.size === 0);
    }));

  test("fault-1 no receipt goes out before the message is on disk", async () => {
    const gate = Promise.withResolvers<void>();
    let held = false;
    const bench = await createLinkedBench();
    const append = bench.keep.append;
    bench.keep.append = async (record) => {
      if (new TextDecoder().decode(record).includes('"fact:')) {
        held = true;
        await gate.promise;
      }
      return append(record);
    };
    try {
      bench.start();
      await bench.linkPhone();
      const id = bench.whatsapp.say({ conversation: "hi" });
      await bench.whatsapp.until(() => held);
      assert.deepEqual(bench.whatsapp.receipts, []);
      gate.resolve();
      await bench.whatsapp.until(() => bench.whatsapp.receipts.includes(id));
      await bench.intake.until(() => bench.intake.updates.length === 1);
    } finally {
      gate.resolve();
      await bench.close();
    }
  });

  test("fault-23 a send during which the process dies is in doubt", () =>
    withLinked(async (bench) => {
      bench.whatsapp.fates.push({ silent: true });
      const sending = bench.channel.send(bench.channel.render({ parts: [{ type: "text", text: "x" }] })[0]!, target());
      const failed = assert.rejects(sending, { code: "whatsapp_disconnected", failure: "unknown" });
      await bench.whatsapp.until(() => bench.whatsapp.standing(ANN_JID).length === 1);
      bench.whatsapp.crash();
      await failed;
    }));
});

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startFakeTelegram, type FakeTelegram } from "../fakes/telegram/index.ts";
import { startEchoModel, type EchoModel } from "../faults/echo-model.ts";
import { createGatewayHome, gatewayConfig, type RunningGateway } from "../faults/gateway-process.ts";
import { sqliteDatabase } from "../faults/soak-database.ts";

const PEOPLE = Array.from({ length: 20 }, (_, index) => 101 + index);

describe("the life of the program", () => {
  let telegram: FakeTelegram;
  let model: EchoModel;

  before(async () => {
    telegram = await startFakeTelegram();
    model = await startEchoModel({ pace: 0 });
  });
  after(async () => {
    await telegram?.close();
    await model?.close();
  });

  test("SIGTERM in the middle of 20 turns: nothing more is taken in, it ends with 0 within 10 s, and the next start answers all of them (fault-75)", async () => {
    const home = createGatewayHome({ config: gatewayConfig({ telegram, modelUrl: model.url, allowed: PEOPLE }) });
    try {
      const gateway = await home.start();
      model.hold();
      for (const person of PEOPLE) telegram.say({ from: person, text: `hold on ${person}` });
      await telegram.until(() => model.open === PEOPLE.length);
      const begun = performance.now();
      gateway.kill("SIGTERM");
      const late = async () => {
        // Intake stops at once, long before the running turns have ended: no poll, no request is taken.
        await telegram.until(() => !telegram.polling);
        telegram.say({ from: PEOPLE[0]!, text: "too late for this one" });
        const answer = await gateway.call("POST", "/api/message", { message: "too late" }).catch(() => ({ status: 0 }));
        return { status: answer.status, running: model.open };
      };
      const { status, running } = await late();
      assert.ok(status === 0 || status === 503, String(status));
      assert.equal(running, PEOPLE.length);
      assert.deepEqual(await gateway.exited, { code: 0, signal: null });
      assert.ok(performance.now() - begun < 10_000);
      assert.equal(telegram.pending.length, 1);

      model.release();
      const next = await home.start();
      await telegram.until(() => PEOPLE.every((person) => telegram.texts(person).includes(`re: hold on ${person}`)), 20_000);
      await telegram.until(() => telegram.texts(PEOPLE[0]!).includes("re: too late for this one"));
      assert.deepEqual(telegram.repeats(), []);
      assert.deepEqual(await next.stop(), { code: 0, signal: null });
      const { turns } = await sqliteDatabase(join(home.dataFolder, "clanker.db")).read();
      assert.equal(turns.length, PEOPLE.length + 1);
      assert.ok(turns.every((turn) => turn.status === "done"));
      // A graceful stop is no attempt (P6).
      assert.ok(turns.every((turn) => turn.attempts === 1));
    } finally {
      model.release();
      await home.remove();
    }
  });

  test("a second daemon on the same home ends at once and names the process that has it (fault-61)", async () => {
    const home = createGatewayHome({ config: gatewayConfig({}) });
    try {
      const first = await home.start();
      const second = home.spawn();
      const { code } = await second.exited;
      assert.equal(code, 1);
      assert.match(second.stderr(), new RegExp(`\\b${first.pid}\\b`));
      assert.match(second.stderr(), /clanker gateway stop/);
      assert.equal((await first.call("GET", "/health")).status, 200);
      assert.deepEqual(await first.stop(), { code: 0, signal: null });
    } finally {
      await home.remove();
    }
  });

  test("a config that is wrong ends the start with 78, the file and the line; nothing listens and nothing is written (fault-78, sec-24)", async () => {
    const text = gatewayConfig({ telegram, modelUrl: model.url });
    const wrong = {
      "an unknown key": { config: `${text}alowed_users = ["1"]\n`, says: /alowed_users/, near: /allowed_users/ },
      "a wrong type": { config: text.replace("burst = 10000", 'burst = "many"'), says: /burst/, near: /number|integer|whole/i },
      "an open door that was not written twice": { config: `${text}dm_policy = "open"\n`, says: /dm_policy/, near: /\*/ },
      "no authentication on a public address": {
        config: text.replace(/token = "token-[^"]*"/, 'mode = "none"').replace("[gateway.auth]", '[gateway]\nbind_address = "0.0.0.0"\n[gateway.auth]'),
        says: /mode/,
        near: /loopback/,
      },
      "no TOML": { config: `${text}[broken\n`, says: /config\.toml/, near: /./ },
    };
    const polls = telegram.callsOf("getUpdates").length;
    const home = createGatewayHome({ config: text });
    try {
      for (const [what, { config, says, near }] of Object.entries(wrong)) {
        home.writeConfig(config);
        const child = home.spawn();
        const { code } = await child.exited;
        assert.equal(code, 78, `${what}: ${child.stderr()}`);
        assert.match(child.stderr(), says, what);
        assert.match(child.stderr(), near, what);
        assert.match(child.stderr(), /config\.toml:\d+/, what);
        assert.doesNotMatch(child.stderr(), /gateway is ready/, what);
      }
      assert.equal(telegram.callsOf("getUpdates").length, polls);
      home.writeConfig(text);
      const healed = await home.start();
      assert.deepEqual(await healed.stop(), { code: 0, signal: null });
    } finally {
      await home.remove();
    }
  });

  test("ten restarts, five of them kills, send nothing of what was delivered again (fault-26)", async () => {
    const home = createGatewayHome({ config: gatewayConfig({ telegram, modelUrl: model.url, allowed: [201, 202, 203] }) });
    try {
      let gateway: RunningGateway = await home.start();
      const said = [201, 202, 203].flatMap((person) => Array.from({ length: 10 }, (_, n) => ({ person, text: `p${person} n${n}` })));
      for (const { person, text } of said) telegram.say({ from: person, text });
      await telegram.until(() => said.every(({ person, text }) => telegram.texts(person).includes(`re: ${text}`)), 20_000);
      const { outbox } = await statusOf(gateway);
      assert.equal(outbox, 0);
      const sends = () => telegram.callsOf("sendMessage").length + telegram.callsOf("editMessageText").length;
      const before = sends();
      for (let restart = 0; restart < 10; restart += 1) {
        if (restart % 2 === 0) assert.deepEqual(await gateway.stop(), { code: 0, signal: null });
        else {
          gateway.kill("SIGKILL");
          await gateway.exited;
        }
        gateway = await home.start();
      }
      // The outbox is looked at when the account is taken; a message after that shows that it has been.
      telegram.say({ from: 201, text: "one more" });
      await telegram.until(() => telegram.texts(201).includes("re: one more"));
      assert.equal(sends(), before + 1);
      assert.deepEqual(telegram.repeats(), []);
      assert.deepEqual(await gateway.stop(), { code: 0, signal: null });
    } finally {
      await home.remove();
    }
  });
});

/** Waits until the outbox is settled: the last receipt is committed a moment after the platform shows the message. */
async function statusOf(gateway: RunningGateway): Promise<{ outbox: number }> {
  for (let look = 0; ; look += 1) {
    const { body } = await gateway.call("GET", "/api/status");
    const outbox = (body["deliveries"] as { open: number }).open;
    if (outbox === 0 || look > 200) return { outbox };
  }
}

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startFakeTelegram, type FakeTelegram } from "../fakes/telegram/index.ts";
import { startEchoModel, type EchoModel } from "../faults/echo-model.ts";
import { createGatewayHome, gatewayConfig, type GatewayHome } from "../faults/gateway-process.ts";

const OWNER = 42;

/** A person's way: a backup while it works, then a disaster. */
describe("backup and restore", () => {
  let telegram: FakeTelegram;
  let model: EchoModel;
  let home: GatewayHome;

  before(async () => {
    telegram = await startFakeTelegram();
    model = await startEchoModel({ pace: 0 });
    home = createGatewayHome({ config: gatewayConfig({ telegram, modelUrl: model.url }) });
  });
  after(async () => {
    await home?.remove();
    await telegram?.close();
    await model?.close();
  });

  const say = async (text: string) => {
    telegram.say({ from: OWNER, text });
    await telegram.until(() => telegram.texts(OWNER).includes(`re: ${text}`), 20_000);
  };
  const cli = async (...args: string[]) => {
    const child = home.spawn(args);
    const { code } = await child.exited;
    return { code, out: child.stdout(), err: child.stderr() };
  };
  const backup = async () => {
    const { code, out, err } = await cli("backup", "--json");
    assert.equal(code, 0, err);
    return (JSON.parse(out) as { backup: { folder: string; database: boolean } }).backup.folder;
  };

  test("a damaged database is put back from the newest backup that is whole, the owner is told what is missing, nothing is answered twice (fault-59)", async () => {
    const first = await home.start();
    await say("before the backup");
    const good = await backup();
    const nowhere = await first.call("POST", "/api/system/backup", { into: "beside/me" });
    assert.deepEqual([nowhere.status, (nowhere.body["error"] as { code: string }).code], [400, "backup_place_refused"]);
    const spoilt = await backup();
    writeFileSync(join(spoilt, "clanker.db"), "no database");
    await say("after the backup");
    assert.deepEqual(await first.stop(), { code: 0, signal: null });
    const file = join(home.dataFolder, "clanker.db");
    const bytes = readFileSync(file);
    bytes.fill(0, 0, 100);
    writeFileSync(file, bytes);

    const second = await home.start();
    await telegram.until(() => telegram.texts(OWNER).some((text) => /was restored/.test(text)), 20_000);
    await say("after the disaster");
    assert.equal(telegram.texts(OWNER).filter((text) => text === "re: before the backup").length, 1);
    assert.deepEqual(telegram.repeats(), []);
    const kept = readdirSync(home.dataFolder).filter((name) => /^clanker\.db\.(damaged|replaced)-/.test(name));
    assert.ok(kept.length >= 1, "the damaged file is kept");
    assert.match(second.stderr(), /put back from a backup/);
    assert.ok(second.stderr().includes(good));
    const verified = await cli("audit", "verify");
    assert.equal(verified.code, 0, verified.out);
    assert.deepEqual(await second.stop(), { code: 0, signal: null });

    const third = await home.start();
    await say("told once");
    assert.equal(telegram.texts(OWNER).filter((text) => /was restored/.test(text)).length, 1);
    assert.deepEqual(await third.stop(), { code: 0, signal: null });
  });

  test("without a backup a damaged database keeps the gateway from starting, never begins anew", async () => {
    const alone = createGatewayHome({ config: gatewayConfig({}) });
    try {
      await (await alone.start()).stop();
      writeFileSync(join(alone.dataFolder, "clanker.db"), "no database");
      const child = alone.spawn();
      assert.equal((await child.exited).code, 1);
      assert.match(child.stderr(), /store_corrupt/);
      assert.equal(readFileSync(join(alone.dataFolder, "clanker.db"), "utf8"), "no database");
    } finally {
      await alone.remove();
    }
  });

  test("a whole home comes back on another machine; while a gateway runs, restore and reset are refused (fault-61, fault-80)", async () => {
    const running = await home.start();
    const folder = await backup();
    const refused = await cli("restore", folder, "--yes");
    assert.equal(refused.code, 1);
    assert.match(refused.err, /home_locked/);
    assert.equal((await cli("reset", "--yes")).code, 1);
    assert.deepEqual(await running.stop(), { code: 0, signal: null });
    assert.equal((await cli("backup", "--verify", folder)).code, 0);

    const other = createGatewayHome({ config: "# nothing yet\n" });
    try {
      rmSync(other.configFile);
      const done = other.spawn(["restore", folder, "--yes"]);
      assert.equal((await done.exited).code, 0, done.stderr());
      assert.equal(readFileSync(other.configFile, "utf8"), readFileSync(home.configFile, "utf8"));
      const gateway = await other.start();
      await say("on the other machine");
      assert.deepEqual(await gateway.stop(), { code: 0, signal: null });

      const reset = other.spawn(["reset", "--yes", "--json"]);
      assert.equal((await reset.exited).code, 0, reset.stderr());
      const { aside } = JSON.parse(reset.stdout()) as { aside: string };
      assert.ok(existsSync(join(aside, "clanker.db")));
      assert.ok(!existsSync(other.dataFolder));
    } finally {
      await other.remove();
    }
  });
});

/** fault-58: the disk of the home folder is full while people write. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { readFileSync } from "node:fs";
import { startFakeTelegram } from "../../fakes/telegram/index.ts";
import { startEchoModel } from "../echo-model.ts";
import { createGatewayHome, gatewayConfig } from "../gateway-process.ts";
import { eventually, type Scenario } from "../scenario.ts";
import { openSmallDisk } from "../small-disk.ts";
import { sqliteDatabase } from "../soak-database.ts";

export const diskFull: Scenario = {
  name: "disk-full",
  title:
    "on a full disk nothing is acknowledged that is not kept, the owner is alarmed, the log drops lines and the gateway lives, and with space again all is well (fault-58)",
  async run(size) {
    // What is accepted while the log still has room of its own stays: some megabytes a round.
    const [rounds, megabytes] = size === "long" ? [10, 160] : [1, 24];
    const disk = openSmallDisk(megabytes);
    const confirmed: number[] = [];
    const telegram = await startFakeTelegram({ onConfirm: (ids) => void confirmed.push(...ids) });
    const model = await startEchoModel({ pace: 0 });
    const logFile = join(disk.folder, "gateway.log");
    const config = gatewayConfig({ telegram, modelUrl: model.url, allowed: [7, 8] }).replace("[logging]", `[logging]\nfile = ${JSON.stringify(logFile)}`);
    const home = createGatewayHome({ config, parent: disk.folder });
    try {
      const gateway = await home.start();
      const said: { from: number; text: string }[] = [];
      const say = (from: number, text: string) => {
        said.push({ from, text });
        telegram.say({ from, text });
      };
      const answered = () => said.every(({ from, text }) => telegram.texts(from).includes(`re: ${text}`));
      let alarmMs = 0;
      let recoverMs = 0;
      let refused = 0;
      for (let round = 0; round < rounds; round += 1) {
        say(7, `before ${round}`);
        await telegram.until(answered, 20_000);
        disk.fill(gateway.pid);
        const full = performance.now();
        // Larger than what may be left in blocks that the log already has.
        const filler = "x".repeat(3_500);
        for (let n = 0; n < 5; n += 1) say(7 + (n % 2), `while full ${round} ${n} ${filler}`);
        // The disk is full when a write was refused; what was accepted before that is kept.
        for (let status = 200, n = 0; status < 400; n += 1) {
          ({ status } = await gateway.call("POST", "/api/message", { session: "agent:main:hook:full", message: `api ${round} ${n} ${"y".repeat(60_000)}` }));
          if (status >= 400) assert.equal(status, 503);
          assert.ok(n < 1_000, "the disk never became full");
        }
        refused += 1;
        await eventually("the alarm", 10_000, async () => {
          const ready = await gateway.call("GET", "/health/ready");
          return ready.status === 503 && JSON.stringify(ready.body).includes("the store is in trouble");
        });
        alarmMs = Math.max(alarmMs, performance.now() - full);
        assert.ok(gateway.stderr().includes("the store is in trouble"));
        assert.equal((await gateway.call("GET", "/health")).status, 200);
        disk.free(gateway.pid);
        const freed = performance.now();
        await telegram.until(answered, 30_000);
        recoverMs = Math.max(recoverMs, performance.now() - freed);
        let ready = await gateway.call("GET", "/health/ready");
        await eventually("ready again", 40_000, async () => (ready = await gateway.call("GET", "/health/ready")).status === 200, 100).catch((error: Error) => {
          throw new Error(`${error.message}, round ${round}: ${JSON.stringify(ready.body)}`);
        });
      }
      assert.ok(recoverMs < 10_000, `answers came ${recoverMs} ms after there was space again`);
      assert.deepEqual(await gateway.stop(), { code: 0, signal: null });
      const rows = await sqliteDatabase(join(home.dataFolder, "clanker.db")).read();
      assert.equal(rows.integrity, "ok");
      assert.equal(rows.inbox.filter(({ channel }) => channel === "telegram").length, said.length, "confirmed is kept, kept once");
      assert.equal(telegram.pending.length, 0);
      assert.deepEqual(telegram.repeats(), []);
      for (const line of readFileSync(logFile, "utf8").split("\n").slice(0, -1)) JSON.parse(line);
      return {
        "disk made full by": disk.how,
        "refused with 503": refused,
        "alarm after, ms": Math.round(alarmMs),
        "all answered after space returned, ms": Math.round(recoverMs),
        "messages lost": 0,
      };
    } finally {
      await home.remove();
      await Promise.all([telegram.close(), model.close()]);
      disk.remove();
    }
  },
};

/** fault-50, fault-51: the gateway in a network of its own, whose wire is bad as wires are: the kernel's own loss, delay and cut, not those of a proxy. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as wait } from "node:timers/promises";
import { startFakeTelegram } from "../../fakes/telegram/index.ts";
import { startEchoModel } from "../echo-model.ts";
import { startFaultProxy } from "../fault-proxy.ts";
import { createGatewayHome, gatewayConfig } from "../gateway-process.ts";
import { openOwnNetwork } from "../own-network.ts";
import { eventually, type Scenario } from "../scenario.ts";

const PEOPLE = [42, 7, 8];
/** How long the wire is bad at most. A send that has no answer after 30 s is in doubt, and stays so (P2): the kernel's own repeats come later and later. */
const BAD_MS = { short: 6_000, long: 20_000 } as const;

function countDeliveries(path: string, status: string): number {
  const database = new DatabaseSync(path, { readOnly: true });
  const { count } = database.prepare("SELECT COUNT(*) AS count FROM deliveries WHERE status = ?").get(status) as { count: number };
  database.close();
  return count;
}

export const ownNetwork: Scenario = {
  name: "own-network",
  title:
    "in a network namespace with 30% of the packets lost, with seconds of delay and with the cable pulled, the gateway lives, tells the truth, and answers everybody once and in order within a minute of the end, or the answer is in doubt (fault-50, fault-51)",
  async run(size) {
    const network = await openOwnNetwork();
    const telegram = await startFakeTelegram();
    const model = await startEchoModel({ pace: 2 });
    // The fakes are on the loopback of the machine, which nobody sees from within.
    const doors = await Promise.all([telegram, model].map(({ url }) => startFaultProxy(Number(new URL(url).port), () => 1, undefined, network.host)));
    const [toTelegram, toModel] = doors.map(({ port }) => `http://${network.host}:${port}`);
    const config = gatewayConfig({ telegram: { url: toTelegram!, token: telegram.token }, modelUrl: `${toModel}/v1`, allowed: PEOPLE.slice(1) });
    const home = createGatewayHome({ config, within: network.within });
    const said: { person: number; text: string }[] = [];
    const sayAll = (text: string) => {
      for (const person of PEOPLE) {
        said.push({ person, text });
        telegram.say({ from: person, text });
      }
    };
    const missing = () => said.filter(({ person, text }) => !telegram.texts(person).includes(`re: ${text}`));
    const inDoubt = () => countDeliveries(join(home.dataFolder, "clanker.db"), "unknown");
    const answered = (ms: number) =>
      eventually("every message answered, or its answer in doubt", ms, () => missing().length === 0 || missing().length <= inDoubt()).catch((error: Error) => {
        throw new Error(`${error.message}: ${JSON.stringify(missing())}, ${inDoubt()} in doubt`);
      });
    try {
      const gateway = await home.start();
      const ready = async () => (await network.status(`${gateway.url}/health/ready`)) === 200;
      await telegram.until(() => telegram.polling, 20_000);
      sayAll("before");
      await answered(20_000);

      /** People write while the wire is bad; how many are answered meanwhile is not asked, only that all are within a minute of its end. */
      const bad = async (text: string, begin: () => Promise<void>, end: () => Promise<void>): Promise<number> => {
        await begin();
        sayAll(text);
        await answered(BAD_MS[size]).catch(() => {});
        assert.equal(await network.status(`${gateway.url}/health`), 200, "alive");
        await end();
        const caught = await answered(60_000);
        await eventually("ready again", 60_000, ready, 200);
        return caught;
      };
      let [lossy, slow] = [0, 0];
      for (let round = 0; round < (size === "long" ? 20 : 2); round += 1) {
        const [lose, find] = [() => network.lose(30), () => network.lose(0)];
        lossy = Math.max(lossy, await bad(`lossy ${round}`, lose, find));
      }
      for (let round = 0; round < (size === "long" ? 5 : 1); round += 1) {
        const [slowDown, hurry] = [() => network.slow(true), () => network.slow(false)];
        slow = Math.max(slow, await bad(`slowly ${round}`, slowDown, hurry));
      }

      await network.pull();
      sayAll("meanwhile");
      const pulledAt = performance.now();
      const unhealthy = size === "long" ? await eventually("the channel is told to be unhealthy", 150_000, async () => !(await ready()), 1_000) : undefined;
      await wait(Math.max(0, (size === "long" ? 600_000 : 5_000) - (performance.now() - pulledAt)));
      assert.equal(await network.status(`${gateway.url}/health`), 200, "alive");
      assert.ok(!telegram.texts(42).includes("re: meanwhile"), "nothing goes through a cable that is pulled");
      const lasted = Math.round(performance.now() - pulledAt);
      await network.plug();
      const caught = await answered(60_000);
      const healthy = await eventually("healthy again", 60_000, ready, 200);

      assert.deepEqual(await gateway.stop(), { code: 0, signal: null });
      assert.deepEqual(telegram.violations, []);
      assert.deepEqual(
        telegram.repeats().filter(({ text }) => text.startsWith("re: ")),
        [],
      );
      for (const person of PEOPLE) {
        const own = said.filter((one) => one.person === person && !missing().includes(one)).map(({ text }) => `re: ${text}`);
        // Who waits for long is told that the model is away, too.
        const answers = telegram.texts(person).filter((text) => text.startsWith("re: "));
        assert.deepEqual(answers, own, "each answered once, in order");
      }
      return {
        "packets lost by": network.how.loss,
        "all answered after 30% loss each way ended, ms": lossy,
        "slowed by": network.how.slow,
        "all answered after the slowness ended, ms": slow,
        "cable pulled, ms": lasted,
        ...(unhealthy !== undefined && { "unhealthy after, ms": unhealthy }),
        "all answered after it was plugged in, ms": caught,
        "messages said": said.length,
        "answers in doubt": missing().length,
        "healthy after, ms": Math.max(caught, healthy),
      };
    } finally {
      await home.remove();
      await Promise.all([...doors, telegram, model].map((one) => one.close()));
      await network.close();
    }
  },
};

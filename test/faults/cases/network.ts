/** fault-50, fault-35, fault-51: the network between the gateway and everybody else is away, or bad. */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { startFakeTelegram, type FakeTelegram } from "../../fakes/telegram/index.ts";
import { createSeededRandom } from "../../fakes/seeded-random.ts";
import { startEchoModel } from "../echo-model.ts";
import { startFaultProxy, type FaultProxy } from "../fault-proxy.ts";
import { createGatewayHome, gatewayConfig, type RunningGateway } from "../gateway-process.ts";
import { createProbe } from "../probed-gateway.ts";
import { eventually, type Figures, type Scenario, type Size } from "../scenario.ts";

const PEOPLE = [42, 7, 8, 9];

interface Scene {
  readonly gateway: RunningGateway;
  readonly telegram: FakeTelegram;
  readonly toTelegram: FaultProxy;
  readonly toModel: FaultProxy;
  dns(up: boolean): void;
  /** Everybody says something. */
  sayAll(text: string): void;
  /** Everything said so far has its answer, once. @returns milliseconds it took */
  answered(ms: number): Promise<number>;
  ready(): Promise<boolean>;
}

async function withScene(act: (scene: Scene) => Promise<Figures>): Promise<Figures> {
  const random = createSeededRandom(50);
  const telegram = await startFakeTelegram();
  const model = await startEchoModel({ pace: 2 });
  const toTelegram = await startFaultProxy(Number(new URL(telegram.url).port), () => random.number());
  const toModel = await startFaultProxy(Number(new URL(model.url).port), () => random.number());
  const dnsDown = join(tmpdir(), `clanker-dns-down-${process.pid}`);
  const probe = createProbe({ CLANKER_DNS_DOWN: dnsDown });
  const config = gatewayConfig({
    // A name, so that it has to be looked up.
    telegram: { url: `http://localhost:${toTelegram.port}`, token: telegram.token },
    modelUrl: `http://localhost:${toModel.port}/v1`,
    allowed: PEOPLE.slice(1),
  });
  const home = createGatewayHome({ config, env: probe.env });
  const said: { person: number; text: string }[] = [];
  try {
    const gateway = await home.start();
    await telegram.until(() => telegram.polling, 20_000);
    const scene: Scene = {
      gateway,
      telegram,
      toTelegram,
      toModel,
      dns: (up) => (up ? rmSync(dnsDown, { force: true }) : writeFileSync(dnsDown, "")),
      sayAll(text) {
        for (const person of PEOPLE) {
          said.push({ person, text });
          telegram.say({ from: person, text });
        }
      },
      answered: (ms) => eventually("every message answered", ms, () => said.every(({ person, text }) => telegram.texts(person).includes(`re: ${text}`))),
      ready: async () => (await gateway.call("GET", "/health/ready")).status === 200,
    };
    const figures = await act(scene);
    assert.deepEqual(await gateway.stop(), { code: 0, signal: null });
    assert.deepEqual(telegram.violations, []);
    for (const person of PEOPLE) {
      const own = said.filter((one) => one.person === person).map(({ text }) => `re: ${text}`);
      assert.deepEqual(
        telegram.texts(person).filter((text) => own.includes(text)),
        own,
        "each answered once, in order",
      );
    }
    assert.ok(!gateway.stderr().includes("unhandled"), "an unhandled rejection");
    return figures;
  } finally {
    rmSync(dnsDown, { force: true });
    await home.remove();
    await Promise.all([toTelegram.close(), toModel.close()]);
    await Promise.all([telegram.close(), model.close()]);
  }
}

async function outage(size: Size, { down, up }: { down: (scene: Scene) => void; up: (scene: Scene) => void }): Promise<Figures> {
  return await withScene(async (scene) => {
    scene.sayAll("before");
    await scene.answered(20_000);
    down(scene);
    const from = performance.now();
    scene.sayAll("meanwhile");
    const unhealthy = await eventually("the channel is told to be unhealthy", 150_000, async () => !(await scene.ready()), 200);
    await wait(Math.max(0, (size === "long" ? 600_000 : 3_000) - unhealthy));
    assert.equal((await scene.gateway.call("GET", "/health")).status, 200, "alive");
    const lasted = Math.round(performance.now() - from);
    up(scene);
    const caught = await scene.answered(60_000);
    const healthy = await eventually("healthy again", 60_000, scene.ready, 100);
    scene.sayAll("after");
    await scene.answered(20_000);
    return {
      "outage, ms": lasted,
      "unhealthy after, ms": unhealthy,
      "all answered after it ended, ms": caught,
      "healthy after, ms": Math.max(caught, healthy),
    };
  });
}

export const dnsOutage: Scenario = {
  name: "dns-outage",
  title: "when names do not resolve the gateway lives, says that it is deaf, and catches up within a minute of the end (fault-50, fault-51, fault-35)",
  run: (size) =>
    outage(size, {
      down: (scene) => {
        scene.dns(false);
        // Connections that stand do not ask for names; new ones do.
        scene.toTelegram.cut();
        scene.toModel.cut();
      },
      up: (scene) => scene.dns(true),
    }),
};

export const networkCut: Scenario = {
  name: "network-cut",
  title: "when every connection is reset the gateway lives, says that it is deaf, and catches up within a minute of the end (fault-50, fault-51, fault-35)",
  run: (size) =>
    outage(size, {
      down: ({ toTelegram, toModel }) => (toTelegram.mode = toModel.mode = "refuse"),
      up: ({ toTelegram, toModel }) => (toTelegram.mode = toModel.mode = "pass"),
    }),
};

export const lossyNetwork: Scenario = {
  name: "lossy-network",
  title:
    "with 30% loss, slow packets and connections cut in the middle every message is answered once and in order, or its delivery is in doubt (fault-50, fault-22)",
  run: (size) =>
    withScene(async (scene) => {
      const rounds = size === "long" ? 60 : 3;
      for (const wire of [scene.toTelegram, scene.toModel]) {
        wire.loss = 0.3;
        wire.delayMs = size === "long" ? 500 : 20;
      }
      // Only the model's wire is cut in the middle: there a repeat does no harm, so that every answer must come. Each cut costs up to the 30 s that a model away is left alone.
      if (size === "long") scene.toModel.cuts = 0.01;
      let slowest = 0;
      for (let round = 0; round < rounds; round += 1) {
        scene.sayAll(`round ${round}`);
        slowest = Math.max(slowest, await scene.answered(120_000));
      }
      return { rounds, messages: rounds * PEOPLE.length, loss: "30%", "slowest round, ms": slowest };
    }),
};

export const halfOpen: Scenario = {
  name: "half-open",
  title:
    "a wire that stands and carries nothing is noticed by the last poll that was completed, and healed when it carries again (fault-43, fault-33, fault-51)",
  run: () => outage("short", { down: ({ toTelegram }) => (toTelegram.mode = "stall"), up: ({ toTelegram }) => (toTelegram.mode = "pass") }),
};

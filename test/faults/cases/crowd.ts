/** fault-68, fault-69, fault-70: thousands of clients, some of which do not read. */
import assert from "node:assert/strict";
import { fork, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createGatewayHome, gatewayConfig, type RunningGateway } from "../gateway-process.ts";
import { createProbe, loopFigures, mib } from "../probed-gateway.ts";
import { eventually, type Scenario } from "../scenario.ts";

const FAN = "agent:main:hook:fan";

/** A stream to some clients: 10 MB/s over all of them, and more to each than the kernel and the gateway keep for one that does not read. */
const FLOOD = { messages: 200, bytes: 32_000, bytesPerSecond: 10_000_000 } as const;

interface CrowdFigures {
  readonly open: number;
  readonly wrong: number;
  /** Processor time of the clients' processes so far, milliseconds. */
  readonly cpu: number;
  /** Events that the slowest reader has had. */
  readonly slowest: number;
}

interface Arrivals {
  readonly p50: number;
  readonly p99: number;
}

/** Processes of clients. */
function startCrowd(processes: number) {
  const children = Array.from({ length: processes }, () =>
    fork(fileURLToPath(new URL("../crowd-child.ts", import.meta.url)), { stdio: ["ignore", "inherit", "inherit", "ipc"] }),
  );
  let next = 0;
  const ask = <T>(child: ChildProcess, name: string, args: object): Promise<T> => {
    const id = (next += 1);
    return new Promise((resolve, reject) => {
      const heard = (answer: { id: number; value?: T; error?: string }) => {
        if (answer.id !== id) return;
        child.off("message", heard);
        if (answer.error === undefined) resolve(answer.value as T);
        else reject(new Error(answer.error));
      };
      child.on("message", heard);
      child.send({ id, name, args });
    });
  };
  return {
    all: <T>(name: string, args: object = {}) => Promise.all(children.map((child) => ask<T>(child, name, args))),
    async figures(): Promise<CrowdFigures> {
      const all = await Promise.all(children.map((child) => ask<CrowdFigures>(child, "figures", {})));
      const sum = (pick: (one: CrowdFigures) => number) => all.reduce((total, one) => total + pick(one), 0);
      return {
        open: sum((one) => one.open),
        wrong: sum((one) => one.wrong),
        cpu: sum((one) => one.cpu),
        slowest: Math.min(...all.map((one) => one.slowest)),
      };
    },
    /** Of the slower half of the clients, since it was last asked. */
    async arrivals(): Promise<Arrivals> {
      const all = await Promise.all(children.map((child) => ask<Arrivals>(child, "arrivals", {})));
      return { p50: Math.max(...all.map(({ p50 }) => p50)), p99: Math.max(...all.map(({ p99 }) => p99)) };
    },
    stop: () =>
      Promise.all(
        children.map(
          (child) =>
            new Promise((resolve) => {
              child.once("exit", resolve);
              child.kill("SIGKILL");
            }),
        ),
      ),
  };
}

/** Processor time of a process so far, milliseconds; the kernel counts in hundredths of a second (proc(5)). */
function processorMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

async function say(gateway: RunningGateway, session: string, message: string): Promise<void> {
  const { status } = await gateway.call("POST", "/api/message", { session, message });
  assert.equal(status, 202);
}

export const crowd: Scenario = {
  name: "crowd",
  title:
    "10,000 clients with 100 that do not read: the loop stays responsive, readers get everything in order, those who do not read are closed and resume, and all come back after a cut (fault-68, fault-69, fault-70)",
  async run(size) {
    const [clients, deaf, events] = size === "long" ? [10_000, 100, 30] : [1_000, 10, 3];
    const probe = createProbe();
    const config = gatewayConfig({}).replace("[gateway.auth]", "[gateway]\nmax_connections = 20000\n[gateway.auth]");
    const home = createGatewayHome({ config, env: probe.env });
    const people = startCrowd(2);
    try {
      const gateway = await home.start();
      await say(gateway, FAN, "warm up");
      const from = performance.now();
      await people.all("connect", { url: `${gateway.url.replace("http", "ws")}/ws`, count: clients / 2, deaf: deaf / 2 });
      const connected = Math.round(performance.now() - from);

      const gap = size === "long" ? 1_000 : 300;
      let expected = 0;
      const broadcast = async (count: number): Promise<CrowdFigures> => {
        for (let event = 0; event < count; event += 1) {
          await say(gateway, FAN, `event ${event}`);
          await wait(gap);
        }
        expected += count;
        let figures = await people.figures();
        await eventually("every event at every reader", 60_000, async () => figures.slowest >= expected || ((figures = await people.figures()), false));
        return figures;
      };
      /** Events for everybody as long as something else is going on. */
      const during = async (act: () => Promise<void>): Promise<Arrivals> => {
        await people.arrivals();
        const state = { over: false };
        const acting = act().finally(() => (state.over = true));
        while (!state.over) await broadcast(1);
        await acting;
        return await people.arrivals();
      };
      // The first ones are slower at both ends, until the code for them is compiled.
      const warm = await broadcast(3);
      await people.arrivals();
      await probe.look(gateway.pid);
      const spent = processorMs(gateway.pid);
      const after = await broadcast(events);
      const calm = await people.arrivals();
      const perEvent = { gateway: (processorMs(gateway.pid) - spent) / events, clients: (after.cpu - warm.cpu) / events };
      const loop = await probe.look(gateway.pid);

      // What not reading costs the others: the same stream to the same clients, who read it and do not, in turn.
      const stream = async () => {
        for (let n = 0; n < FLOOD.messages; n += 1) {
          const from = performance.now();
          await say(gateway, "agent:main:hook:flood", `${n} ${"z".repeat(FLOOD.bytes)}`);
          await wait(Math.max(0, (FLOOD.bytes * deaf * 1_000) / FLOOD.bytesPerSecond - (performance.now() - from)));
        }
      };
      const pairs: { reading: number; deaf: number }[] = [];
      const heard = { ended: 0, told: 0, resets: 0 };
      for (let pair = 0; pair < (size === "long" ? 3 : 1); pair += 1) {
        const reading = await during(stream);
        await people.all("deafen");
        const ignored = await during(stream);
        for (const { ended, told, resets } of await people.all<typeof heard>("hear")) {
          heard.ended += ended;
          heard.told += told;
          heard.resets += resets;
        }
        pairs.push({ reading: reading.p99, deaf: ignored.p99 });
      }
      const underFlood = await probe.look(gateway.pid);
      assert.equal(heard.ended, deaf * pairs.length, "every client that did not read was closed");
      // Who does not even read the close is cut off after 30 s, which the long stream outlasts.
      if (size === "short") assert.equal(heard.told, heard.ended, "every client that did not read was told so with 4008");
      const [reading, ignored] = [median(pairs.map((pair) => pair.reading)), median(pairs.map((pair) => pair.deaf))];

      const back = Math.max(...(await people.all<number>("comeBack")));
      assert.ok(back < 60_000, `all were back after ${back} ms`);
      const last = await people.figures();
      assert.equal(last.open, clients);
      assert.equal(last.wrong, 0, "events out of order or twice");
      // The whole fan-out in one go would hold the loop for the time of all writes together.
      if (size === "long") {
        assert.ok(ignored <= reading * 1.1, `an event took ${ignored} ms while ${deaf} did not read, ${reading} ms while they did`);
        assert.ok(loop.loop.p99 <= 50, `the 99th percentile of the loop's delay is ${loop.loop.p99} ms`);
        assert.ok(calm.p99 <= 250, `the 99th percentile of an event's way is ${calm.p99} ms, ${JSON.stringify(perEvent)} ms of processor time`);
      }
      assert.ok(loop.rss < 700 * 1024 * 1024);
      return {
        clients,
        "that do not read": deaf,
        "connected per second": Math.round((clients * 1_000) / connected),
        "event p50, ms": calm.p50,
        "event p99, ms": calm.p99,
        "processor time of the gateway per event, ms": Math.round(perEvent.gateway),
        "processor time of the clients per event, ms": Math.round(perEvent.clients),
        "event p99 while they read 10 MB/s, ms": reading,
        "event p99 while they do not read it, ms": ignored,
        ...loopFigures(loop),
        "event loop p99 in both, ms": Math.round(underFlood.loop.p99 * 10) / 10,
        "RSS, MiB": mib(loop.rss),
        "closed as too slow": heard.ended,
        "told so with 4008 within 30 s": heard.told,
        "resumed with reset": heard.resets,
        "out of order or twice": last.wrong,
        "all back after a cut, ms": Math.round(back),
      };
    } finally {
      await people.stop();
      await home.remove();
    }
  },
};

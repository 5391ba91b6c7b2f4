/** fault-71, fault-82, fault-40: more than it can do at once, for long, and without end. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { startFakeTelegram } from "../../fakes/telegram/index.ts";
import { createToolCaller } from "../tool-caller.ts";
import { startEchoModel } from "../echo-model.ts";
import { createGatewayHome, gatewayConfig, type RunningGateway } from "../gateway-process.ts";
import { createProbe, mib, round } from "../probed-gateway.ts";
import { eventually, type Scenario } from "../scenario.ts";
import { sqliteDatabase } from "../soak-database.ts";

export const floodOfMessages: Scenario = {
  name: "message-flood",
  title: "when messages come faster than they can be answered every one is answered in the order of its chat, and memory stays bounded (fault-71, fault-15)",
  async run(size) {
    const [chats, each] = size === "long" ? [100, 600] : [20, 15];
    const telegram = await startFakeTelegram();
    const model = await startEchoModel({ pace: 0 });
    const people = Array.from({ length: chats }, (_, index) => 1_000 + index);
    const probe = createProbe();
    const home = createGatewayHome({ config: gatewayConfig({ telegram, modelUrl: model.url, allowed: people }), env: probe.env });
    try {
      const gateway = await home.start();
      await telegram.until(() => telegram.polling, 20_000);
      const before = await probe.look(gateway.pid);
      const from = performance.now();
      for (let n = 0; n < each; n += 1) {
        for (const person of people) telegram.say({ from: person, text: `n${n}` });
        // The long form: a thousand a second for a minute.
        if (size === "long") await new Promise((resolve) => setTimeout(resolve, Math.max(0, from + (n + 1) * chats - performance.now())));
      }
      let peak = before.rss;
      await eventually(
        "all answered",
        size === "long" ? 1_800_000 : 120_000,
        async () => {
          peak = Math.max(peak, (await probe.look(gateway.pid)).rss);
          return people.every((person) => telegram.messages(person).filter(({ byBot }) => byBot).length >= each);
        },
        1_000,
      );
      const ms = performance.now() - from;
      for (const person of people) {
        assert.deepEqual(
          telegram.texts(person).filter((text) => text.startsWith("re: ")),
          Array.from({ length: each }, (_, n) => `re: n${n}`),
          `chat ${person}`,
        );
      }
      assert.equal(model.requests.length, chats * each);
      assert.deepEqual(await gateway.stop(), { code: 0, signal: null });
      const { inbox, integrity } = await sqliteDatabase(join(home.dataFolder, "clanker.db")).read();
      assert.equal(inbox.length, chats * each);
      assert.equal(integrity, "ok");
      const growth = peak - before.rss;
      assert.ok(growth < 200 * 1024 * 1024, `RSS grew by ${mib(growth)} MiB`);
      return {
        messages: chats * each,
        "answered per second": Math.round((chats * each * 1_000) / ms),
        "out of order": 0,
        lost: 0,
        "RSS growth, MiB": mib(growth),
      };
    } finally {
      await home.remove();
      await Promise.all([telegram.close(), model.close()]);
    }
  },
};

export const leakSoak: Scenario = {
  name: "leak-soak",
  title: "under steady load the heap after collection, handles and descriptors do not grow (fault-82)",
  async run(size) {
    const seconds = size === "long" ? 3_600 : 12;
    const telegram = await startFakeTelegram();
    const model = await startEchoModel({ pace: 0 });
    const people = Array.from({ length: 10 }, (_, index) => 1_000 + index);
    const probe = createProbe();
    const home = createGatewayHome({ config: gatewayConfig({ telegram, modelUrl: model.url, allowed: people }), env: probe.env });
    try {
      const gateway = await home.start();
      await telegram.until(() => telegram.polling, 20_000);
      const samples: { hours: number; heap: number; rss: number; handles: number; descriptors: number; turns: number }[] = [];
      const begun = performance.now();
      let n = 0;
      let turns = 0;
      // Steady: everybody says the next thing when the last one is answered. Sessions begin anew, or their contexts would be what grows.
      const lookEvery = (seconds * 1_000) / 12;
      let nextLook = lookEvery;
      while (performance.now() - begun < seconds * 1_000) {
        n += 1;
        const text = n % 40 === 0 ? "/new" : `n${n} ${"word ".repeat(n % 20)}`.trim();
        const answers = people.map((person) => telegram.messages(person).filter(({ byBot }) => byBot).length);
        for (const person of people) telegram.say({ from: person, text });
        await telegram.until(() => people.every((person, index) => telegram.messages(person).filter(({ byBot }) => byBot).length > answers[index]!), 60_000);
        // And programs, so that what is kept by number (events, log lines) is full before the first look that counts.
        const asked = Array.from({ length: 50 }, (_, index) => ({ session: `agent:main:hook:leak-${Math.floor(n / 40)}-${index}`, n: `${n}-${index}` }));
        await Promise.all(asked.map(({ session, n: key }) => askAgain(gateway, { session, message: text, wait: true, idempotency_key: `leak-${key}` })));
        turns += people.length + asked.length;
        if (size === "long") await new Promise((resolve) => setTimeout(resolve, 1_000));
        if (performance.now() - begun < nextLook) continue;
        nextLook += lookEvery;
        const { heap, rss, handles, descriptors } = await probe.look(gateway.pid);
        samples.push({ hours: (performance.now() - begun) / 3_600_000, heap, rss, handles, descriptors, turns });
      }
      // The first third warms caches up.
      const settled = samples.slice(Math.floor(samples.length / 3));
      const perTurn = slope(settled.map(({ turns: x, heap: y }) => [x, y]));
      const figures = {
        turns,
        "heap after collection, MiB": mib(samples.at(-1)!.heap),
        "heap growth per turn, bytes": Math.round(perTurn),
        // Of seconds they would say nothing.
        ...(size === "long" && {
          hours: round(samples.at(-1)!.hours),
          "heap growth per hour, MiB": mib(slope(settled.map(({ hours: x, heap: y }) => [x, y]))),
          "RSS growth per hour, MiB": mib(slope(settled.map(({ hours: x, rss: y }) => [x, y]))),
        }),
        "handles first and last": `${settled[0]!.handles} and ${settled.at(-1)!.handles}`,
        "descriptors first and last": `${settled[0]!.descriptors} and ${settled.at(-1)!.descriptors}`,
      };
      assert.ok(Math.abs(settled.at(-1)!.descriptors - settled[0]!.descriptors) <= 10, JSON.stringify(figures));
      assert.ok(Math.abs(settled.at(-1)!.handles - settled[0]!.handles) <= 10, JSON.stringify(figures));
      // Seconds say little about hours: until 10,000 events and 2,000 log lines are kept, each turn adds about 5 kB; a turn that is kept itself costs many times more.
      if (size === "short") assert.ok(perTurn < 16_384, JSON.stringify(samples));
      else assert.ok(slope(settled.map(({ hours: x, heap: y }) => [x, y])) < 1024 * 1024, JSON.stringify(figures));
      assert.deepEqual(await gateway.stop(), { code: 0, signal: null });
      return figures;
    } finally {
      await home.remove();
      await Promise.all([telegram.close(), model.close()]);
    }
  },
};

/** As a program asks: a connection that the server closes just when it is used again (RFC 9112, 9.3.1) costs a repetition with the same key, and nothing else. */
async function askAgain(gateway: RunningGateway, body: Readonly<Record<string, unknown>>): Promise<void> {
  try {
    await gateway.call("POST", "/api/message", body);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    await gateway.call("POST", "/api/message", body);
  }
}

/** Least squares. */
function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const x = mean(points.map(([one]) => one));
  const y = mean(points.map(([, one]) => one));
  return points.reduce((sum, [px, py]) => sum + (px - x) * (py - y), 0) / points.reduce((sum, [px]) => sum + (px - x) ** 2, 0);
}

export const runawayModel: Scenario = {
  name: "runaway-model",
  title: "a model that calls tools for ever is stopped, with the same call at five repeats, with ever new ones at the limit of steps (fault-40)",
  async run() {
    const model = await createToolCaller();
    const home = createGatewayHome({ config: gatewayConfig({ modelUrl: model.url }) });
    try {
      const gateway = await home.start();
      const run = async (message: string) => {
        const before = model.requests;
        const { status, body } = await gateway.call("POST", "/api/message", { session: `agent:main:hook:${message}`, message, wait: true });
        return { requests: model.requests - before, status, body: JSON.stringify(body) };
      };
      const same = await run("same");
      const fresh = await run("fresh");
      assert.ok(same.requests <= 7, `${same.requests} requests for one call repeated: ${same.body}`);
      assert.ok(fresh.requests <= 26, `${fresh.requests} requests for new calls: ${fresh.body}`);
      // It is alive and well: the next person is answered.
      assert.match((await run("answer")).body, /done/);
      assert.deepEqual(await gateway.stop(), { code: 0, signal: null });
      return { "model calls, the same tool call": same.requests, "model calls, ever new tool calls": fresh.requests };
    } finally {
      await home.remove();
      await model.close();
    }
  },
};

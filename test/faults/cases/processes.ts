/** fault-3, fault-11, fault-44, fault-61, fault-77: what happens to processes. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { createSeededRandom } from "../../fakes/seeded-random.ts";
import { startFakeTelegram, type FakeTelegram } from "../../fakes/telegram/index.ts";
import { startEchoModel, type EchoModel } from "../echo-model.ts";
import { createGatewayHome, gatewayConfig, PROGRAM, type GatewayHome, type RunningGateway } from "../gateway-process.ts";
import { eventually, type Figures, type Scenario } from "../scenario.ts";
import { sqliteDatabase } from "../soak-database.ts";

interface Scene {
  readonly telegram: FakeTelegram;
  readonly model: EchoModel;
  readonly home: GatewayHome;
}

const PEOPLE = [42, 7, 8, 9];

async function withScene(act: (scene: Scene) => Promise<Figures>, env: Record<string, string> = {}): Promise<Figures> {
  const telegram = await startFakeTelegram();
  const model = await startEchoModel({ pace: 2 });
  const home = createGatewayHome({ config: gatewayConfig({ telegram, modelUrl: model.url, allowed: PEOPLE.slice(1) }), env });
  try {
    return await act({ telegram, model, home });
  } finally {
    await home.remove();
    await Promise.all([telegram.close(), model.close()]);
  }
}

export const poison: Scenario = {
  name: "poison",
  title: "a message that kills the process is a dead letter after four starts, its chat is told, and everybody else is answered each time (fault-11, fault-86)",
  run: () =>
    withScene(async ({ telegram, model, home }) => {
      let kill = () => {};
      model.pace = 200;
      const held = ["poison", ..."0123456789"].join(" ");
      model.answer = (line) => {
        // Not at once: who is in the middle of an answer at four crashes in a row cannot be told from the cause of them.
        if (line === "poison") setTimeout(kill, 1_500);
        // Long enough to be in the middle when it happens.
        return line === "poison" ? held : `re: ${line}`;
      };
      telegram.say({ from: 7, text: "poison" });
      telegram.say({ from: 7, text: "after the poison" });
      let starts = 0;
      for (; !telegram.texts(7).includes("re: after the poison"); starts += 1) {
        assert.ok(starts < 6, "it kills the gateway again and again");
        const child = home.spawn();
        kill = () => child.kill("SIGKILL");
        telegram.say({ from: 8, text: `start ${starts}` });
        const died = await Promise.race([
          child.exited.then(() => true),
          telegram.until(() => telegram.texts(7).includes("re: after the poison"), 60_000).then(() => false),
        ]);
        if (died) continue;
        await telegram.until(() => telegram.texts(8).includes(`re: start ${starts}`));
        child.kill("SIGTERM");
        await child.exited;
      }
      for (let start = 0; start < starts; start += 1) assert.ok(telegram.texts(8).includes(`re: start ${start}`), "the other chat is answered");
      assert.ok(telegram.texts(7).some((text) => /never finished/.test(text)));
      assert.equal(model.requests.filter(({ line }) => line === "poison").length, 4);
      const { turns } = await sqliteDatabase(join(home.dataFolder, "clanker.db")).read();
      assert.equal(turns.filter(({ status }) => status === "failed").length, 1);
      return { "starts until the dead letter": starts, "times asked": 4, "others left without an answer": 0 };
    }),
};

export const killedRecovery: Scenario = {
  name: "killed-recovery",
  title: "a gateway that is killed while it recovers from a kill, three levels deep, loses nothing and says nothing twice (fault-3, fault-77)",
  run: (size) =>
    withScene(async ({ telegram, model, home }) => {
      const random = createSeededRandom(3);
      const rounds = size === "long" ? 40 : 2;
      const said: { from: number; text: string }[] = [];
      let slowestStart = 0;
      for (let round = 0; round < rounds; round += 1) {
        const running = await home.start();
        model.hold();
        for (const from of PEOPLE) {
          const text = `round ${round} of ${from}`;
          said.push({ from, text });
          telegram.say({ from, text });
        }
        await eventually("turns in the middle", 20_000, () => model.open === PEOPLE.length);
        running.kill("SIGKILL");
        await running.exited;
        for (let level = 0; level < 3; level += 1) {
          const child = home.spawn();
          // Within the start, the sweep and the first steps of what is taken up again.
          await wait(150 + random.number() * 700);
          child.kill("SIGKILL");
          await child.exited;
        }
        model.release();
        const from = performance.now();
        const healed = await home.start();
        slowestStart = Math.max(slowestStart, performance.now() - from);
        await telegram.until(
          () => said.every((one) => telegram.texts(one.from).some((text) => text === `re: ${one.text}` || /never finished/.test(text))),
          30_000,
        );
        assert.deepEqual(await healed.stop(), { code: 0, signal: null });
      }
      const { inbox, turns, integrity } = await sqliteDatabase(join(home.dataFolder, "clanker.db")).read();
      assert.equal(integrity, "ok");
      assert.equal(inbox.length, said.length);
      assert.ok(turns.every(({ status }) => status === "done" || status === "failed"));
      assert.deepEqual(
        telegram.repeats().filter(({ text }) => text.startsWith("re: ")),
        [],
      );
      const dead = turns.filter(({ status }) => status === "failed").length;
      return {
        kills: rounds * 4,
        messages: said.length,
        lost: 0,
        "said twice": 0,
        "dead letters": dead,
        "slowest start after a kill, ms": Math.round(slowestStart),
      };
    }),
};

/** @param freeze resolves when the gateway goes on, after about so many milliseconds */
async function frozen({ telegram, model, home }: Scene, ms: number, freeze: (gateway: RunningGateway) => Promise<void>): Promise<Figures> {
  const gateway = await home.start();
  await telegram.until(() => telegram.polling, 20_000);
  model.pace = 100;
  telegram.say({ from: 42, text: "frozen in the middle of this answer" });
  await eventually("a turn in the middle", 20_000, () => model.open === 1);
  const begun = performance.now();
  const over = freeze(gateway);
  await wait(ms / 2);
  const polls = telegram.callsOf("getUpdates").length;
  telegram.say({ from: 7, text: "said meanwhile" });
  await over;
  const lasted = performance.now() - begun;
  assert.ok(lasted >= ms, `frozen for ${lasted} ms only`);
  const from = performance.now();
  await telegram.until(
    () => telegram.texts(42).includes("re: frozen in the middle of this answer") && telegram.texts(7).includes("re: said meanwhile"),
    60_000,
  );
  const healed = Math.round(performance.now() - from);
  await eventually("ready", 60_000, async () => (await gateway.call("GET", "/health/ready")).status === 200);
  const again = telegram.callsOf("getUpdates").length - polls;
  assert.ok(again < 20, `${again} polls after waking`);
  assert.equal(telegram.simultaneousPolls, 0);
  assert.deepEqual(telegram.repeats(), []);
  assert.deepEqual(await gateway.stop(), { code: 0, signal: null });
  return { "frozen, s": Math.round(ms / 1_000), "answered after waking, ms": healed, "polls until then": again };
}

export const stoppedProcess: Scenario = {
  name: "stopped-process",
  title:
    "a process that is frozen (SIGSTOP) goes on where it was when it is woken: no restart storm, nothing twice, and it is ready again (fault-44, fault-51)",
  run: (size) =>
    withScene(async (scene) => {
      const ms = size === "long" ? 120_000 : 3_000;
      return await frozen(scene, ms, async (gateway) => {
        gateway.kill("SIGSTOP");
        await wait(ms + 100);
        gateway.kill("SIGCONT");
      });
    }),
};

export const blockedLoop: Scenario = {
  name: "blocked-loop",
  title:
    "an event loop that is blocked while the threads beside it and the platforms go on finds its way back: no restart storm, nothing twice, and it is ready again (fault-44, fault-51)",
  run: (size) => {
    const ms = size === "long" ? 40_000 : 3_000;
    // The debugger is the one way into a program's own loop that needs nothing in the program.
    return withScene((scene) => frozen(scene, ms, (gateway) => blockLoop(gateway, ms)), { NODE_OPTIONS: "--inspect=127.0.0.1:0" });
  },
};

/** Lets the program's own thread count the time in a loop that leaves no room for anything else. */
async function blockLoop(gateway: RunningGateway, ms: number): Promise<void> {
  const url = /Debugger listening on (ws:\S+)/.exec(gateway.stderr())?.[1];
  assert.ok(url, "the debugger listens");
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  const expression = `{ const until = performance.now() + ${ms}; while (performance.now() < until); "over" }`;
  const answer = new Promise<string>((resolve, reject) => {
    socket.onmessage = ({ data }) => resolve(String(data));
    socket.onclose = () => reject(new Error("the debugger has gone"));
  });
  socket.send(JSON.stringify({ id: 1, method: "Runtime.evaluate", params: { expression } }));
  const text = await answer;
  socket.onclose = null;
  socket.close();
  assert.equal((JSON.parse(text) as { result: { result: { value: string } } }).result.result.value, "over", text);
}

export const commandLine: Scenario = {
  name: "command-line",
  title: "while the gateway lives the command line opens no file of its database for writing, and nobody takes its shared memory away (fault-61)",
  run: () =>
    withScene(async ({ home }) => {
      const gateway = await home.start();
      const shm = join(home.dataFolder, "clanker.db-shm");
      const before = statSync(shm).ino;
      const trace = join(home.folder, "trace");
      const env = { PATH: process.env["PATH"], HOME: home.folder, CLANKER_HOME: home.folder };
      const commands = [["status"], ["sessions", "list"], ["channels", "list"], ["config", "show"], ["doctor"]];
      for (const command of commands) {
        rmSync(trace, { force: true });
        const run = spawnSync("strace", ["-f", "-qq", "-e", "trace=openat,unlink,rename", "-o", trace, process.execPath, PROGRAM, ...command], { env });
        assert.equal(run.error, undefined, "strace is needed: scripts/install-test-tools.sh");
        const calls = readFileSync(trace, "utf8").split("\n");
        assert.ok(calls.length > 100, `strace may not trace here: ${String(run.stderr)}`);
        const wrong = calls.filter(
          (line) => line.includes("clanker.db") && !/= -\d/.test(line) && (/O_RDWR|O_WRONLY/.test(line) || /unlink|rename/.test(line)),
        );
        assert.deepEqual(wrong, [], command.join(" "));
      }
      assert.equal(statSync(shm).ino, before);
      assert.deepEqual(await gateway.stop(), { code: 0, signal: null });
      return { commands: commands.length, "write handles": 0 };
    }),
};

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { postgresBinaries, startPostgres } from "../../scripts/postgres.ts";
import { ChannelError } from "../../src/core/errors.ts";
import { DURABILITY, type Store } from "../../src/core/store.ts";
import { createScripted, reply } from "../../src/models/scripted/index.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { createTimeTool } from "../../src/tools/time/index.ts";
import { createLoopChannel } from "../fakes/loop-channel.ts";
import { CHANNEL, pointChannel, pointProvider, pointStore, pointTool, STORE, type OnPoint } from "./crash-points.ts";
import { FLOWS, TEN_PARTS } from "./crash-points-flows.ts";
import { describeProblems, enumerateFlow, pointsOf, relay } from "./crash-points-run.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

function recorder(): { passed: string[]; onPoint: OnPoint } {
  const passed: string[] = [];
  return { passed, onPoint: ({ name, when }) => void passed.push(`${when} ${name}`) };
}

describe("the wrapper around the ports", () => {
  test("every method of a store is a point before and after its effect, and the store works as before (fault-1)", async () => {
    const { passed, onPoint } = recorder();
    const bare = createMemoryStore();
    const store = pointStore(bare, onPoint);
    for (const name of Object.keys(bare)) assert.equal(STORE[name as keyof Store], "point", `${name} of the store is no point`);
    assert.deepEqual(await store.boot({ now: 1 }), { boot: 1 });
    await assert.rejects(store.commitTurn({ fence: { lease: "lane:x", owner: "nobody", fence: 1 }, turnId: "x" } as never), { code: "lease_lost" });
    await store.close();
    assert.deepEqual(passed, ["before store.boot", "after store.boot", "before store.commitTurn", "before store.close", "after store.close"]);
    assert.equal(Object.keys(STORE).length, Object.keys(DURABILITY).length + 2);
  });

  test("every method of a channel that leaves the house is a point, and a failure has no point after it (fault-1)", async () => {
    const { passed, onPoint } = recorder();
    const bare = createLoopChannel();
    for (const [name, value] of Object.entries(bare)) {
      if (typeof value === "function") assert.ok(name in CHANNEL, `${name} of the channel is not in the table`);
    }
    const channel = pointChannel(bare, onPoint);
    const target = { address: { channel: "loop", account: "default", conversation: "1" }, nonce: "n", signal: new AbortController().signal };
    const receipt = await channel.send({ text: "a", payload: null }, target);
    await channel.edit!(receipt, { text: "b", payload: null }, target);
    bare.before = () => {
      throw new ChannelError("down", "down", "retry");
    };
    await assert.rejects(channel.send({ text: "c", payload: null }, target), { code: "down" });
    assert.equal(channel.render({ parts: [{ type: "text", text: "x" }] }).length, 1);
    assert.deepEqual(passed, [
      "before channel.loop.send",
      "after channel.loop.send",
      "before channel.loop.edit",
      "after channel.loop.edit",
      "before channel.loop.send",
    ]);
    assert.deepEqual(
      bare.shown.map((message) => message.text),
      ["b"],
    );
  });

  test("a model's stream has points before it, after its first piece and before its end; a tool before and after (fault-1)", async () => {
    const { passed, onPoint } = recorder();
    const provider = pointProvider(
      createScripted(() => reply("one two")),
      onPoint,
    );
    const texts: string[] = [];
    const request = { system: "", entries: [], tools: [], maxTokens: 1, thinking: "off" } as const;
    for await (const event of provider.model("test").stream(request, new AbortController().signal)) if (event.type === "text") texts.push(event.text);
    assert.equal(texts.join(""), "one two");
    const tool = pointTool(createTimeTool(), onPoint);
    await assert.rejects(tool.run({ unknown: 1 }, { signal: new AbortController().signal } as never));
    assert.deepEqual(passed, ["before model.stream", "during model.stream", "after model.stream", "before tool.time"]);
  });
});

describe("the flows", () => {
  test("each write of the hall and of the jobs is passed by a flow that is killed there (fault-1)", async () => {
    const reached = new Set<string>();
    for (const flow of FLOWS) for (const { name } of await pointsOf(flow)) reached.add(name);
    const sources = globSync(["src/turn/**/*.ts", "src/jobs/**/*.ts"], { cwd: root }).map((path) => readFileSync(join(root, path), "utf8"));
    const called = sources.flatMap((text) => [...text.matchAll(/\bstore\s*\.(\w+)\(/g)].map((match) => match[1]!));
    const missing = [...new Set(called)].filter(
      (name) => DURABILITY[name as keyof typeof DURABILITY] !== "read" && name in DURABILITY && !reached.has(`store.${name}`),
    );
    assert.deepEqual(missing, [], "add a flow to test/faults/crash-points-flows.ts that reaches these writes");
    for (const name of ["channel.desk.send", "channel.desk.edit", "channel.desk.fetchMedia", "model.stream", "tool.count", "tool.look"])
      assert.ok(reached.has(name), `${name} is reached by no flow`);
  });

  // Each point of each flow: `npm run faults`. Here a part of them, a different one for each flow.
  for (const [index, flow] of FLOWS.entries())
    test(`killed on the way of a ${flow.name}, the next process loses nothing and does nothing twice (fault-1, fault-6)`, async () => {
      const reports = await enumerateFlow({ flow, every: 32, skip: index % 16 });
      assert.ok(reports.some((report) => report.died));
      assert.deepEqual(describeProblems(reports), []);
    });

  const ten = FLOWS.find(({ name }) => name === "ten parts")!;
  test("killed at each boundary of an answer in ten parts, the next process sends the remaining parts only, in their order (fault-5)", async () => {
    const { deaths, problems, shown, attempts } = await relay(ten, { name: "store.settlePart", when: "after", nth: 1 });
    assert.deepEqual(problems, []);
    assert.equal(deaths, 10, "each process sent one part");
    assert.equal(attempts, 10, "and none that was sent before");
    assert.deepEqual(shown, TEN_PARTS.match(/.{100}/g));
  });

  test("killed each time between a part and its receipt, only that part is sent again, and the platform shows it once (fault-5)", async () => {
    const { deaths, problems, shown, attempts } = await relay(ten, { name: "channel.desk.send", when: "after", nth: 2 });
    assert.deepEqual(problems, []);
    assert.equal(deaths, 9);
    assert.equal(attempts, 10 + deaths);
    assert.deepEqual(shown, TEN_PARTS.match(/.{100}/g));
  });

  test("the same on PostgreSQL (fault-1, fault-65)", { skip: postgresBinaries() === undefined ? "no PostgreSQL server on this machine" : false }, async () => {
    const postgres = await startPostgres();
    try {
      for (const [index, flow] of FLOWS.entries()) {
        const reports = await enumerateFlow({ flow, postgres, every: 60, skip: index % 16 });
        assert.deepEqual(describeProblems(reports), []);
      }
    } finally {
      await postgres.stop();
    }
  });
});

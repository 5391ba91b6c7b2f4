import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runAgent } from "../../src/agent/loop.ts";
import type { AgentDeps, AgentEvent, AgentRequest, AgentResult } from "../../src/agent/run-contract.ts";
import { createCooldowns, createModelChain } from "../../src/agent/model-chain.ts";
import { pairCalls } from "../../src/agent/context.ts";
import type { AssistantPart, ToolCallPart } from "../../src/core/entry.ts";
import { ModelError, StoreError, ToolError } from "../../src/core/errors.ts";
import { noUsage, type ModelEntry } from "../../src/core/model.ts";
import type { Tool } from "../../src/core/tool.ts";
import { callTools, createScripted, reply, type Script, type ScriptedProvider } from "../../src/models/scripted/index.ts";
import { createCalculateTool } from "../../src/tools/calculate/index.ts";
import { createTimeTool } from "../../src/tools/time/index.ts";
import { toolContext } from "../contract/tool-suite.ts";
import { createManualClock, type ManualClock } from "../fakes/manual-clock.ts";
import { createSeededRandom } from "../fakes/seeded-random.ts";
import { call, findBrokenPair, result, say, step, user } from "./entries.ts";

type CommittedStep = Parameters<AgentDeps["commitStep"]>[0];

interface World {
  readonly clock: ManualClock;
  readonly provider: ScriptedProvider;
  readonly events: AgentEvent[];
  readonly committed: CommittedStep[];
  /** Calls that reached `callTool`, and those that a tool ran for. */
  readonly called: ToolCallPart[];
  readonly ran: string[];
  /** Messages that the next `takeSteering` hands over. */
  readonly steering: ModelEntry[][];
  readonly controller: AbortController;
  deps: AgentDeps;
  run(request?: Partial<AgentRequest>): Promise<AgentResult>;
}

const hang: Tool = { ...createTimeTool(), spec: { name: "hang", description: "never ends", parameters: { type: "object" } }, run: () => new Promise(() => {}) };
const slow: Tool = { ...createTimeTool(), spec: { name: "slow", description: "takes its time", parameters: { type: "object" } }, parallel: false };
const TOOLS = [createTimeTool(), createCalculateTool(), hang, slow];

function createWorld(script: Script): World {
  const clock = createManualClock();
  const random = createSeededRandom(3);
  const provider = createScripted(script, { clock });
  const world: World = {
    clock,
    provider,
    events: [],
    committed: [],
    called: [],
    ran: [],
    steering: [],
    controller: new AbortController(),
    deps: {
      clock,
      random,
      chain: createModelChain([provider.model("test")], { clock, random, cooldowns: createCooldowns(clock, random) }),
      // As the hall does it: an invalid call is answered, not run.
      callTool: async (toolCall, signal) => {
        world.called.push(toolCall);
        const answer = (text: string, error: boolean) => ({ role: "tool", callId: toolCall.id, name: toolCall.name, text, error }) as const;
        if (toolCall.invalid !== undefined) return answer(toolCall.invalid, true);
        world.ran.push(toolCall.name);
        try {
          return answer((await TOOLS.find((tool) => tool.spec.name === toolCall.name)!.run(toolCall.args, toolContext(signal))).text, false);
        } catch (error) {
          return answer(error instanceof ToolError ? error.message : "failed", true);
        }
      },
      commitStep: async (committed) => void world.committed.push(committed),
      takeSteering: async () => world.steering.shift() ?? [],
      emit: (event) => void world.events.push(event),
    },
    run: (request = {}) =>
      runAgent(
        {
          system: "s",
          entries: [user("hi")],
          pendingCalls: [],
          tools: TOOLS,
          maxTokens: 100,
          maxSteps: 25,
          stepsDone: 0,
          maxTurnTokens: 0,
          usageDone: noUsage,
          timeoutMs: 600_000,
          thinking: "off",
          cacheKey: "session",
          ...request,
        },
        world.deps,
        world.controller.signal,
      ),
  };
  return world;
}

const textOf = (answer: AgentResult): string =>
  answer.kind === "answer" ? answer.parts.map((part) => (part.type === "text" ? part.text : part.type)).join("") : answer.kind;
const codeOf = (answer: AgentResult): string => (answer.kind === "failed" ? answer.error.code : answer.kind);
const sum = { name: "calculate", args: { expression: "12*7" } };

/** Every prompt a model was given has valid pairs. */
function assertValidPrompts(world: World): void {
  for (const { request } of world.provider.requests) assert.equal(findBrokenPair(request.entries), undefined);
}

describe("agent/loop", () => {
  it("answers, streams the text as it comes, and commits nothing itself", async () => {
    const usage = { input: 5, output: 2, cacheRead: 0, cacheWrite: 0 };
    const world = createWorld(() => reply("hello there", { thinking: "hm", usage }));
    const answer = await world.run();
    assert.ok(answer.kind === "answer" && answer.estimate > 0);
    const { estimate: _, ...told } = answer;
    assert.deepEqual(told, {
      kind: "answer",
      parts: [
        { type: "thinking", text: "hm" },
        { type: "text", text: "hello there" },
      ],
      stop: "end",
      usage,
      model: "scripted:test",
    });
    assert.deepEqual(world.events, [
      { type: "step", step: 1 },
      { type: "thinking", text: "hm" },
      { type: "text", text: "hello " },
      { type: "text", text: "there" },
    ]);
    assert.deepEqual(world.committed, []);
    assert.equal(world.clock.pending(), 0);
  });

  it("runs the calls of a step, commits it before them, and goes on with their results", async () => {
    const world = createWorld((_request, index) => (index === 0 ? callTools([sum, { name: "time" }], { text: "let me see" }) : reply("84")));
    const answer = await world.run();
    assert.equal(textOf(answer), "84");
    assert.deepEqual(
      world.committed.map(({ calls, stop, parts }) => [calls.length, stop, parts.length]),
      [[2, "calls", 3]],
    );
    const [, , first, second] = world.provider.requests[1]!.request.entries;
    assert.ok(first?.content.role === "tool" && first.content.text === "12*7 = 84");
    assert.ok(second?.content.role === "tool" && second.content.name === "time");
    assert.deepEqual(
      world.events.map((event) => event.type).filter((type) => type !== "text"),
      ["step", "call", "call", "result", "result", "step"],
    );
    assertValidPrompts(world);
  });

  it("runs calls side by side only where every tool of the step allows it", async () => {
    for (const [names, most] of [
      [["time", "calculate"], 2],
      [["time", "slow"], 1],
    ] as const) {
      const world = createWorld((_request, index) =>
        index === 0 ? callTools(names.map((name) => ({ name, args: name === "calculate" ? sum.args : {} }))) : reply("ok"),
      );
      let [running, peak] = [0, 0];
      const { callTool } = world.deps;
      world.deps = {
        ...world.deps,
        callTool: async (one, signal) => {
          running += 1;
          peak = Math.max(peak, running);
          await new Promise((resolve) => setImmediate(resolve));
          running -= 1;
          return callTool(one, signal);
        },
      };
      await world.run();
      assert.equal(peak, most);
    }
  });

  it("answers wrong arguments, unknown tools and broken JSON with an error, and runs none of them", async () => {
    const world = createWorld((_request, index) =>
      index === 0
        ? callTools([
            { name: "calculate", args: { sum: 1 } },
            { name: "shell", args: {} },
            { name: "time", invalid: "Unexpected end of JSON input" },
          ])
        : reply("sorry"),
    );
    assert.equal(textOf(await world.run()), "sorry");
    assert.deepEqual(world.ran, []);
    assert.deepEqual(
      world.called.map((one) => one.invalid !== undefined),
      [true, true, true],
    );
    assert.match(world.called[0]?.invalid ?? "", /"expression" is missing/u);
    assert.match(world.called[1]?.invalid ?? "", /no tool named "shell"/u);
    assert.deepEqual(world.committed[0]?.calls, world.called);
    assertValidPrompts(world);
  });

  it("does not run a call that the limit of tokens cut off", async () => {
    const world = createWorld((_request, index) => (index === 0 ? callTools([sum, { name: "time" }], { stop: "length" }) : reply("ok")));
    await world.run();
    assert.deepEqual(world.ran, ["calculate"]);
    assert.match(world.called[1]?.invalid ?? "", /cut off/u);
  });

  it("gives a call whose id was used before a new one", async () => {
    const world = createWorld((_request, index) => (index < 2 ? callTools([sum, { id: "call-0", name: "time" }]) : reply("ok")));
    await world.run();
    assert.equal(new Set(world.called.map((one) => one.id)).size, 4);
    assertValidPrompts(world);
  });

  it("fault-40: stops a model that repeats the same call for ever, each call with its result", async () => {
    const world = createWorld(() => callTools([{ name: "calculate", args: { expression: "1+1" } }]));
    const answer = await world.run({ maxSteps: 100 });
    assert.equal(codeOf(answer), "repeat_breaker");
    assert.equal(world.ran.length, 5);
    assert.equal(world.called.length, 6);
    assert.equal(world.committed.length, 6);
  });

  it("fault-40: counts repeats over a crash, and does not mind the order of the arguments' keys", async () => {
    const before = Array.from({ length: 5 }, (_, index) => [step([call(`c${index}`, "hang", { a: 1, b: 2 })]), result(`c${index}`)]).flat();
    const world = createWorld(() => callTools([{ name: "hang", args: { b: 2, a: 1 } }]));
    assert.equal(codeOf(await world.run({ entries: [user("hi"), ...before], stepsDone: 5 })), "repeat_breaker");
    assert.deepEqual(world.ran, []);
  });

  it("fault-40: stops after 200 calls in one turn", async () => {
    const world = createWorld((_request, index) =>
      callTools(Array.from({ length: 30 }, (_, i) => ({ name: "calculate", args: { expression: `${index}+${i}` } }))),
    );
    assert.equal(codeOf(await world.run({ maxSteps: 100 })), "call_limit");
    assert.equal(world.ran.length, 200);
    assert.equal(world.called.length, 210);
  });

  it("ends after its steps, those before a crash included", async () => {
    const world = createWorld((_request, index) => callTools([{ name: "calculate", args: { expression: `${index}` } }]));
    const answer = await world.run({ maxSteps: 4, stepsDone: 1, entries: [user("hi"), step([call("c")]), result("c")] });
    assert.equal(codeOf(answer), "step_limit");
    assert.equal(world.provider.requests.length, 3);
  });

  it("fault-40: ends when its tokens are spent, those before a crash included, at most one model call late; what came from the cache does not count", async () => {
    const usage = { input: 60, output: 10, cacheRead: 5_000, cacheWrite: 30 };
    const world = createWorld((_request, index) => callTools([{ name: "calculate", args: { expression: `${index}` } }], { usage }));
    const answer = await world.run({ maxTurnTokens: 300, stepsDone: 1, usageDone: usage, entries: [user("hi"), step([call("c")]), result("c")] });
    assert.equal(codeOf(answer), "token_limit");
    assert.equal(world.provider.requests.length, 2);
  });

  it("ends at its running time, whatever the model does", async () => {
    const world = createWorld(() => [{ type: "text", text: "half" }, { type: "delay", ms: 50_000 }, { type: "text", text: "x" }, { type: "hang" }]);
    const answer = world.run({ timeoutMs: 20_000 });
    await world.clock.advance(20_000);
    const ended = await answer;
    assert.equal(codeOf(ended), "turn_timeout");
    assert.equal(ended.kind === "failed" && ended.text, "half");
  });

  it("is cancelled at once while the model writes, and hands over what was written", async () => {
    const world = createWorld(() => [{ type: "text", text: "half an ans" }, { type: "hang" }]);
    const answer = world.run();
    await world.clock.advance(0);
    world.controller.abort();
    assert.deepEqual(await answer, {
      kind: "cancelled",
      text: "half an ans",
      usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
      model: "scripted:test",
    });
    assert.equal(world.clock.pending(), 0);
  });

  it("is cancelled within a second from a tool that ignores it; calls that had not begun are recorded as not run", async () => {
    const world = createWorld(() => callTools([{ name: "slow" }, { name: "hang" }, { name: "time" }]));
    const { callTool } = world.deps;
    const answers: string[] = [];
    world.deps = {
      ...world.deps,
      callTool: async (one, signal) => {
        // Like the hall: the call itself ends with the signal, whatever its tool does.
        if (one.name === "hang" && one.invalid === undefined) await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        const answer =
          one.name === "hang" ? ({ role: "tool", callId: one.id, name: one.name, text: "cancelled", error: true } as const) : await callTool(one, signal);
        if (answer !== "waiting") answers.push(`${answer.name}: ${answer.text.slice(0, 7)}`);
        return answer;
      },
    };
    const running = world.run();
    await world.clock.advance(0);
    world.controller.abort();
    assert.equal((await running).kind, "cancelled");
    assert.deepEqual(answers.slice(1), ["hang: cancell", "time: not run"]);

    const deaf = createWorld(() => callTools([{ name: "hang" }]));
    const stuck = deaf.run();
    await deaf.clock.advance(0);
    deaf.controller.abort();
    await deaf.clock.advance(1_000);
    assert.equal((await stuck).kind, "cancelled");
    assert.equal(deaf.clock.pending(), 0);
  });

  it("does nothing at all when it is cancelled before it begins", async () => {
    const world = createWorld(() => reply("no"));
    world.controller.abort();
    assert.equal((await world.run()).kind, "cancelled");
    assert.equal(world.provider.requests.length, 0);
  });

  it("runs the open calls of a resumed step first, in place of made-up results", async () => {
    const world = createWorld(() => reply("done"));
    const open: ToolCallPart = { type: "call", id: "b", name: "calculate", args: sum.args };
    const entries = pairCalls([user("hi"), step([call("a"), open]), result("a")]);
    assert.equal(textOf(await world.run({ entries, pendingCalls: [open], stepsDone: 1 })), "done");
    assert.deepEqual(world.ran, ["calculate"]);
    assert.deepEqual(world.committed, []);
    const last = world.provider.requests[0]!.request.entries.at(-1)!.content;
    assert.ok(last.role === "tool" && last.text === "12*7 = 84");
    assertValidPrompts(world);
    assert.deepEqual(world.events[0], { type: "call", call: open });
  });

  it("takes messages that came in meanwhile between two steps", async () => {
    const world = createWorld((_request, index) => (index === 0 ? callTools([sum]) : reply("both answered")));
    world.steering.push([user("and hurry")]);
    assert.equal(textOf(await world.run()), "both answered");
    assert.deepEqual(world.provider.requests[1]!.request.entries.at(-1), user("and hurry"));
  });

  it("leaves messages that come in during the answer to a turn of their own", async () => {
    const world = createWorld(() => reply("answer"));
    world.steering.push([user("one more thing")]);
    assert.equal(textOf(await world.run()), "answer");
    assert.equal(world.steering.length, 1);
  });

  it("ends with the caller's calls: alone they are not committed, beside ours ours run first", async () => {
    const extraTools = [{ name: "weather", description: "theirs", parameters: { type: "object" } }];
    const alone = createWorld(() => callTools([{ id: "w", name: "weather", args: { city: "Rome" } }], { text: "hm" }));
    const first = await alone.run({ extraTools });
    assert.ok(first.kind === "calls");
    assert.deepEqual(
      first.calls.map((one) => one.name),
      ["weather"],
    );
    assert.equal(first.parts.length, 2);
    assert.deepEqual([alone.committed.length, alone.called.length], [0, 0]);
    assert.deepEqual(alone.provider.requests[0]!.request.tools.at(-1)?.name, "weather");

    const mixed = createWorld(() =>
      callTools(
        [
          { id: "w", name: "weather" },
          { ...sum, id: "s" },
        ],
        { text: "hm", usage: { input: 1, output: 1, cacheRead: 0, cacheWrite: 0 } },
      ),
    );
    const second = await mixed.run({ extraTools });
    assert.ok(second.kind === "calls");
    assert.deepEqual(mixed.ran, ["calculate"]);
    assert.deepEqual(
      mixed.committed[0]?.parts.map((part) => (part.type === "call" ? part.id : part.type)),
      ["text", "s"],
    );
    assert.deepEqual(second.parts, second.calls);
    assert.equal(second.usage.input, 0);
  });

  it("says that every model is away and when to come back", async () => {
    const world = createWorld(() => [
      { type: "text", text: "ha" },
      { type: "throw", error: new ModelError("model_overloaded", "busy", "away", { retryAfterMs: 7_000 }) },
    ]);
    const answer = await world.run();
    assert.ok(answer.kind === "away");
    assert.deepEqual([answer.error.code, answer.error.retryAfterMs, answer.text], ["models_away", 7_000, "ha"]);
  });

  it("fails with the model's own error for a refused key and a wrong request", async () => {
    for (const kind of ["refused", "invalid"] as const) {
      const world = createWorld(() => [{ type: "throw", error: new ModelError(`model_${kind}`, kind, kind) }]);
      assert.equal(codeOf(await world.run()), `model_${kind}`);
    }
  });

  it("tells live readers that a cut answer begins anew", async () => {
    const world = createWorld((_request, index) => (index === 0 ? [{ type: "text", text: "ha" }, { type: "cut" }] : reply("whole")));
    assert.equal(textOf(await world.run()), "whole");
    assert.deepEqual(
      world.events.map((event) => (event.type === "text" ? event.text : event.type)),
      ["step", "ha", "restart", "whole"],
    );
  });

  it("does not call what a refusal still asks for", async () => {
    const world = createWorld(() => callTools([{ name: "time" }], { text: "I will not", stop: "refusal" }));
    const answer = await world.run();
    assert.ok(answer.kind === "answer" && answer.stop === "refusal");
    assert.ok(answer.parts.every((part: AssistantPart) => part.type !== "call"));
    assert.deepEqual(world.called, []);
  });

  it("fault-39: makes a prompt that is too long shorter, oldest turns first, at most three times", async () => {
    const tooLong = { type: "throw", error: new ModelError("prompt_too_long", "too long", "too_long") } as const;
    const history = Array.from({ length: 10 }, (_, index) => [user(`old ${index} ${"x".repeat(400)}`), say("ok")]).flat();
    const never = createWorld(() => [tooLong]);
    assert.equal(codeOf(await never.run({ entries: [...history, user("now")] })), "prompt_too_long");
    const lengths = never.provider.requests.map(({ request }) => request.entries.length);
    assert.equal(lengths.length, 4);
    for (const [index, length] of lengths.entries()) if (index > 0) assert.ok(length < lengths[index - 1]!);
    for (const { request } of never.provider.requests) assert.deepEqual(request.entries.at(-1), user("now"));
    assert.equal(never.provider.requests[1]!.request.entries[0]?.content.role, "user");

    const mended = createWorld((_request, index) => (index < 2 ? [tooLong] : reply("fits")));
    assert.equal(textOf(await mended.run({ entries: [...history, user("now")] })), "fits");
  });

  it("fault-39: shortens long tool results when only the running turn is left, and gives up when nothing can shrink", async () => {
    const tooLong = { type: "throw", error: new ModelError("prompt_too_long", "too long", "too_long") } as const;
    const world = createWorld((_request, index) => (index === 0 ? [tooLong] : reply("fits")));
    const entries = [user("now"), step([call("c")]), result("c", "y".repeat(50_000))];
    assert.equal(textOf(await world.run({ entries, stepsDone: 1 })), "fits");
    const shorter = world.provider.requests[1]!.request.entries[2]!.content;
    assert.ok(shorter.role === "tool" && shorter.text.length < 3_000);
    const hopeless = createWorld(() => [tooLong]);
    assert.equal(codeOf(await hopeless.run({ entries: [user("x".repeat(100_000))] })), "prompt_too_long");
    assert.equal(hopeless.provider.requests.length, 1);
  });

  it("throws only what the store throws, from wherever it comes: what is not on record is not ended", async () => {
    const lost = () => Promise.reject(new StoreError("lease_lost", "lost"));
    for (const deps of [{ callTool: lost }, { commitStep: lost }, { takeSteering: lost }]) {
      const world = createWorld((_request, index) => (index === 0 ? callTools([sum]) : reply("ok")));
      world.deps = { ...world.deps, ...deps };
      await assert.rejects(world.run(), (error: unknown) => error instanceof StoreError && error.code === "lease_lost");
      assert.equal(world.clock.pending(), 0);
    }
    const broken = createWorld(() => callTools([sum]));
    broken.deps = { ...broken.deps, commitStep: () => Promise.reject(new StoreError("disk_full", "full")) };
    await assert.rejects(broken.run(), (error: unknown) => error instanceof StoreError && error.code === "disk_full");
  });
});

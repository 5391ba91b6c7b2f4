import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { createCooldowns, createModelChain, type ChainEvent, type Cooldowns, type ModelChain } from "../../src/agent/model-chain.ts";
import { ModelError, type ModelFailure } from "../../src/core/errors.ts";
import type { Model, ModelEvent, ModelRequest } from "../../src/core/model.ts";
import { createScripted, reply, type Script, type ScriptedProvider, type ScriptItem } from "../../src/models/scripted/index.ts";
import { createManualClock, type ManualClock } from "../fakes/manual-clock.ts";
import { createSeededRandom } from "../fakes/seeded-random.ts";
import { call, result, say, step, user } from "./entries.ts";

const requestOf = (entries = [user("hi")]): ModelRequest => ({ system: "", entries, tools: [], maxTokens: 100, thinking: "off" });
const failure = (kind: ModelFailure, retryAfterMs?: number): ScriptItem => ({
  type: "throw",
  error: new ModelError(`model_${kind}`, kind, kind, retryAfterMs === undefined ? {} : { retryAfterMs }),
});

interface World {
  readonly clock: ManualClock;
  readonly cooldowns: Cooldowns;
  provider(name: string, script: Script, credential?: string): ScriptedProvider;
  chain(...models: readonly Model[]): ModelChain;
}

function createWorld(): World {
  const clock = createManualClock();
  const random = createSeededRandom(7);
  const cooldowns = createCooldowns(clock, random);
  return {
    clock,
    cooldowns,
    provider: (name, script, credential) => createScripted(script, { name, clock, ...(credential !== undefined && { credential }) }),
    chain: (...models) => createModelChain(models, { clock, random, cooldowns }),
  };
}

interface Outcome {
  readonly events: ChainEvent[];
  readonly error?: ModelError;
  /** What a reader sees in the end. */
  readonly text: string;
}

async function collect(chain: ModelChain, signal: AbortSignal = new AbortController().signal, request = requestOf()): Promise<Outcome> {
  const events: ChainEvent[] = [];
  let error: ModelError | undefined;
  try {
    for await (const event of chain.stream(request, signal)) events.push(event);
  } catch (thrown) {
    assert.ok(thrown instanceof ModelError, String(thrown));
    error = thrown;
  }
  const restart = events.findLastIndex((event) => event.type === "restart");
  const text = events
    .slice(restart + 1)
    .map((event) => (event.type === "text" ? event.text : ""))
    .join("");
  return { events, text, ...(error !== undefined && { error }) };
}

const endModel = ({ events }: Outcome): string | undefined => events.findLast((event) => event.type === "end")?.model;

describe("agent/model-chain", () => {
  it("passes the first model's stream on and tells which model spoke", async () => {
    const world = createWorld();
    const outcome = await collect(world.chain(world.provider("a", () => reply("hello there")).model("m"), world.provider("b", () => reply("no")).model("m")));
    assert.equal(outcome.text, "hello there");
    assert.equal(endModel(outcome), "a:m");
    assert.equal(world.clock.pending(), 0);
  });

  it("fault-31: a model that is overloaded hands over at once, and every fallback is tried once, in order", async () => {
    const world = createWorld();
    const away = ["a", "b", "c"].map((name) => world.provider(name, () => [failure("away")]));
    const last = world.provider("d", () => reply("here"));
    const outcome = await collect(world.chain(...[...away, last].map((provider) => provider.model("m"))));
    assert.equal(endModel(outcome), "d:m");
    assert.equal(world.clock.monotonic(), 0);
    assert.deepEqual(
      [...away, last].map((provider) => provider.requests.length),
      [1, 1, 1, 1],
    );
    assert.ok(!outcome.events.some((event) => event.type === "restart"));
  });

  it("fault-31: the cooldown is per credential and model, not per provider", async () => {
    const world = createWorld();
    const provider = world.provider("a", (_request, _index, model) => (model === "big" ? [failure("away")] : reply("small one")));
    const chain = world.chain(provider.model("big"), provider.model("small"));
    assert.equal(endModel(await collect(chain)), "a:small");
    assert.equal(endModel(await collect(chain)), "a:small");
    assert.deepEqual(
      provider.requests.map(({ model }) => model),
      ["big", "small", "small"],
    );
    const other = world.provider("a", () => reply("other key"), "second-key");
    assert.equal(endModel(await collect(world.chain(other.model("big")))), "a:big");
  });

  it("fault-32: sends nothing before a retry-after has passed, then one probe, then recovers fully", async () => {
    const world = createWorld();
    const provider = world.provider("a", (_request, index) => (index === 0 ? [failure("away", 300_000)] : [{ type: "delay", ms: 5_000 }, ...reply("back")]));
    const chain = world.chain(provider.model("m"));
    const { error } = await collect(chain);
    assert.equal(error?.code, "models_away");
    assert.equal(error?.retryAfterMs, 300_000);
    await world.clock.advance(299_999);
    assert.equal((await collect(chain)).error?.retryAfterMs, 1);
    assert.equal(provider.requests.length, 1);
    await world.clock.advance(1);
    const probe = collect(chain);
    const others = await Promise.all([collect(chain), collect(chain)]);
    for (const other of others) assert.ok(other.error?.code === "models_away" && (other.error.retryAfterMs ?? 0) > 0);
    assert.equal(provider.requests.length, 2);
    await world.clock.advance(5_000);
    assert.equal((await probe).text, "back");
    const crowd = [collect(chain), collect(chain), collect(chain)];
    await world.clock.advance(5_000);
    assert.deepEqual(
      (await Promise.all(crowd)).map((outcome) => outcome.text),
      ["back", "back", "back"],
    );
    assert.equal(world.cooldowns.remaining(provider.model("m")), 0);
  });

  it("a model that tells how long it may be silent is waited for that long", async () => {
    const world = createWorld();
    const silent = world.provider("a", () => [{ type: "hang" }]);
    const slow = { ...silent.model("m"), silenceMs: 300_000 };
    const outcome = collect(world.chain(slow, world.provider("b", () => reply("here")).model("m")));
    await world.clock.advance(299_999);
    assert.equal(silent.requests[0]?.signal.aborted, false);
    await world.clock.advance(1);
    assert.equal(endModel(await outcome), "b:m");
  });

  it("fault-33: a model that says nothing for 60 s is aborted and the next one answers, within 90 s", async () => {
    const world = createWorld();
    const silent = world.provider("a", () => [{ type: "hang" }]);
    const outcome = collect(world.chain(silent.model("m"), world.provider("b", () => reply("here")).model("m")));
    await world.clock.advance(59_999);
    assert.equal(silent.requests[0]?.signal.aborted, false);
    await world.clock.advance(1);
    assert.equal(endModel(await outcome), "b:m");
    assert.equal(silent.requests[0]?.signal.aborted, true);
    assert.ok(world.clock.monotonic() <= 90_000);
    assert.equal(world.clock.pending(), 0);
  });

  it("fault-33: a stream that stops half-way is written anew by the next model: the reader sees one answer", async () => {
    const world = createWorld();
    const half = world.provider("a", () => [{ type: "text", text: "I thi" }, { type: "hang" }]);
    const outcome = collect(world.chain(half.model("m"), world.provider("b", () => reply("whole answer")).model("m")));
    await world.clock.advance(60_000);
    assert.equal((await outcome).text, "whole answer");
    assert.deepEqual(
      (await outcome).events.filter((event) => event.type === "restart"),
      [{ type: "restart", model: "b:m" }],
    );
  });

  it("model_internal: a fault inside an adapter is one of ours and said so", async () => {
    const world = createWorld();
    const broken: Model = {
      id: "broken:m",
      contextTokens: 0,
      credential: "broken",
      stream: () => {
        throw new TypeError("undefined is not a function");
      },
    };
    assert.equal((await collect(world.chain(broken))).error?.code, "model_internal");
  });

  it("gives up an adapter that ignores its signal, and leaves nothing unhandled behind", async () => {
    const world = createWorld();
    const deaf: Model = {
      id: "deaf:m",
      contextTokens: 0,
      credential: "deaf",
      stream: () => ({
        [Symbol.asyncIterator]: () => ({ next: () => new Promise<IteratorResult<ModelEvent>>(() => {}), return: () => Promise.reject(new Error("late")) }),
      }),
    };
    const outcome = collect(world.chain(deaf, world.provider("b", () => reply("here")).model("m")));
    await world.clock.advance(60_000);
    assert.equal(endModel(await outcome), "b:m");
    const controller = new AbortController();
    const second = collect(world.chain({ ...deaf, id: "deaf:n" }), controller.signal);
    await world.clock.advance(0);
    controller.abort();
    assert.equal((await second).error?.code, "model_aborted");
  });

  it("asks the only model once more when its stream is cut, then calls it away", async () => {
    const world = createWorld();
    const once = world.provider("a", (_request, index) => (index === 0 ? [{ type: "text", text: "ha" }, { type: "cut" }] : reply("whole")));
    const mended = await collect(world.chain(once.model("m")));
    assert.equal(mended.text, "whole");
    const always = world.provider("b", () => [{ type: "cut" }]);
    assert.equal((await collect(world.chain(always.model("m")))).error?.code, "models_away");
    assert.equal(always.requests.length, 2);
    await world.clock.advance(300_000);
    await collect(world.chain(always.model("m")));
    assert.equal(always.requests.length, 3, "a probe is not repeated at once");
  });

  it("does not repeat on the same model when there is another", async () => {
    const world = createWorld();
    const cut = world.provider("a", () => [{ type: "cut" }]);
    assert.equal(endModel(await collect(world.chain(cut.model("m"), world.provider("b", () => reply("b")).model("m")))), "b:m");
    assert.equal(cut.requests.length, 1);
  });

  it("fault-37: during an outage each credential gets at most one request in 30 s, however many turns wait", async () => {
    const world = createWorld();
    const provider = world.provider("a", () => [failure("away")]);
    const chain = world.chain(provider.model("one"), provider.model("two"));
    for (let second = 0; second < 3_600; second += 5) {
      await Promise.all([collect(chain), collect(chain)]);
      await world.clock.advance(5_000);
    }
    const times = provider.requests.slice(2).map(({ at }) => at);
    // The first round asks both models (twice, for two turns at once); from then on they share one pace.
    const paced = times.filter((at) => at > 0);
    assert.ok(paced.length >= 12 && paced.length <= 120, String(paced.length));
    for (const [index, at] of paced.entries()) if (index > 0) assert.ok(at - paced[index - 1]! >= 30_000, `${paced[index - 1]} ${at}`);
  });

  it("fault-37: the retry-after it reports is exact: one look after it, never too early", async () => {
    const world = createWorld();
    const provider = world.provider("a", (_request, index) => (index < 6 ? [failure("away")] : reply("back")));
    const chain = world.chain(provider.model("m"));
    for (let tries = 1; tries <= 6; tries += 1) {
      const { error } = await collect(chain);
      assert.equal(provider.requests.length, tries);
      const wait = error?.retryAfterMs ?? 0;
      assert.ok(wait >= 30_000 && wait <= 300_000, String(wait));
      await world.clock.advance(wait);
    }
    assert.equal((await collect(chain)).text, "back");
  });

  it("a burst of requests that fail together counts as one failure", async () => {
    const world = createWorld();
    const provider = world.provider("a", () => [{ type: "delay", ms: 10 }, failure("away")]);
    const burst = Array.from({ length: 20 }, () => collect(world.chain(provider.model("m"))));
    await world.clock.advance(10);
    await Promise.all(burst);
    assert.ok(world.cooldowns.remaining(provider.model("m")) <= 30_000 * 1.25);
  });

  it("an old stream that goes on does not end the cooldown of its model", async () => {
    const world = createWorld();
    const provider = world.provider("a", (_request, index) => (index === 0 ? [{ type: "delay", ms: 10_000 }, ...reply("slow")] : [failure("away", 60_000)]));
    const slow = collect(world.chain(provider.model("m")));
    await world.clock.advance(1_000);
    await collect(world.chain(provider.model("m")));
    await world.clock.advance(9_000);
    assert.equal((await slow).text, "slow");
    assert.equal(world.cooldowns.remaining(provider.model("m")), 51_000);
  });

  it("passes over a refused key, yet asks it again when nothing else is left, so that a mended key works at once", async () => {
    const world = createWorld();
    let mended = false;
    const refused = world.provider("a", () => (mended ? reply("mended") : [failure("refused")]));
    const other = world.provider("b", () => reply("b"));
    const both = world.chain(refused.model("m"), other.model("m"));
    assert.equal(endModel(await collect(both)), "b:m");
    assert.equal(endModel(await collect(both)), "b:m");
    assert.equal(refused.requests.length, 1);
    const alone = world.chain(refused.model("m"));
    assert.equal((await collect(alone)).error?.failure, "refused");
    mended = true;
    assert.equal((await collect(alone)).text, "mended");
    assert.equal(endModel(await collect(both)), "a:m");
  });

  it("a wrong request goes to the next model but leaves no cooldown; a prompt that is too long goes to nobody else", async () => {
    const world = createWorld();
    const invalid = world.provider("a", () => [failure("invalid")]);
    assert.equal(endModel(await collect(world.chain(invalid.model("m"), world.provider("b", () => reply("b")).model("m")))), "b:m");
    assert.equal((await collect(world.chain(invalid.model("m")))).error?.failure, "invalid");
    const long = world.provider("c", () => [failure("too_long")]);
    const spare = world.provider("d", () => reply("d"));
    assert.equal((await collect(world.chain(long.model("m"), spare.model("m")))).error?.failure, "too_long");
    assert.equal(spare.requests.length, 0);
    assert.equal(world.cooldowns.remaining(long.model("m")), 0);
  });

  it("an abort ends it with a typed error, costs no cooldown and frees the probe", async () => {
    const world = createWorld();
    const provider = world.provider("a", (_request, index) => (index === 0 ? [failure("away", 1_000)] : [{ type: "text", text: "x" }, { type: "hang" }]));
    const chain = world.chain(provider.model("m"));
    await collect(chain);
    await world.clock.advance(1_000);
    for (let i = 0; i < 2; i += 1) {
      const controller = new AbortController();
      const outcome = collect(chain, controller.signal);
      await world.clock.advance(0);
      controller.abort();
      assert.equal((await outcome).error?.code, "model_aborted");
    }
    assert.equal(provider.requests.length, 3);
    assert.equal(world.clock.pending(), 0);
  });

  it("drops thinking and opaque parts of another provider, and keeps its own unchanged", async () => {
    const world = createWorld();
    const provider = world.provider("a", () => reply("ok"));
    const own = step([{ type: "thinking", text: "t" }, { type: "opaque", provider: "a", data: 1 }, call("1")], "a:old");
    const foreign = step(
      [
        { type: "thinking", text: "t" },
        { type: "opaque", provider: "b", data: 2 },
        { type: "text", text: "said" },
      ],
      "b:m",
    );
    const onlyThought = step([{ type: "opaque", provider: "b", data: 3 }], "b:m");
    await collect(world.chain(provider.model("m")), undefined, requestOf([user("hi"), own, result("1"), foreign, onlyThought, user("go on")]));
    assert.deepEqual(provider.requests[0]?.request.entries, [user("hi"), own, result("1"), say("said", "b:m"), user("go on")]);
  });

  it("any mix of failures: each model is asked at most once, in order, and the first that answers is the last one asked", async () => {
    const kinds = fc.array(fc.constantFrom("away", "refused", "invalid", "cut", "half", "good"), { minLength: 2, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(kinds, async (list) => {
        const world = createWorld();
        const asked: number[] = [];
        const models = list.map((kind, index) =>
          world
            .provider(`p${index}`, () => {
              asked.push(index);
              if (kind === "good") return reply(`answer ${index}`);
              if (kind === "cut" || kind === "half") return kind === "half" ? [{ type: "text", text: "half" }, { type: "cut" }] : [{ type: "cut" }];
              return [failure(kind as ModelFailure)];
            })
            .model("m"),
        );
        const outcome = await collect(world.chain(...models));
        const good = list.indexOf("good");
        assert.deepEqual(
          asked,
          list.slice(0, good === -1 ? undefined : good + 1).map((_kind, index) => index),
        );
        if (good !== -1) assert.equal(outcome.text, `answer ${good}`);
        else
          assert.equal(
            outcome.error?.failure === "away",
            list.some((kind) => kind === "away" || kind === "cut" || kind === "half"),
          );
        assert.equal(world.clock.pending(), 0);
      }),
      { numRuns: 100 },
    );
  });

  it("refuses to be made of nothing", () => {
    assert.throws(
      () => createWorld().chain(),
      (error: unknown) => error instanceof ModelError && error.code === "no_model",
    );
  });
});

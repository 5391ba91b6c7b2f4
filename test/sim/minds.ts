/** The models of the simulated world: two providers that answer `re: TAG` to the newest message, call tools, and fail. */
import { NOTICE_PREFIX } from "../../src/agent/user-text.ts";
import type { Clock } from "../../src/core/clock.ts";
import { ModelError } from "../../src/core/errors.ts";
import { messageText } from "../../src/core/message.ts";
import type { ModelEntry, ModelRequest } from "../../src/core/model.ts";
import { callTools, createScripted, reply, type ScriptedProvider, type ScriptItem } from "../../src/models/scripted/index.ts";
import type { Owner } from "./timeline.ts";
import type { SimWorld } from "./sim-world.ts";

const USAGE = { input: 10, output: 5, cacheRead: 0, cacheWrite: 0 };

export function createMinds(world: SimWorld, owner: Owner, clock: Clock): ScriptedProvider[] {
  return ["one", "two"].map((name) =>
    createScripted((request) => think(world, owner, name, request), {
      name,
      clock,
      models: [{ id: `${name}:m`, contextTokens: 100_000, images: true, thinking: true }],
    }),
  );
}

function think(world: SimWorld, owner: Owner, name: string, request: ModelRequest): readonly ScriptItem[] {
  const { faults } = world;
  const said = newestText(request.entries);
  const tag = /\bm\d+\b/g.exec(said)?.[0] ?? "nothing";
  world.watch.thinks(owner, request);
  if (world.outage(name)) return [{ type: "throw", error: new ModelError("model_overloaded", "overloaded", "away", {}) }];
  if (/\bpoison\b/.test(said) && world.faults.crash > 0) {
    world.watch.poisoned(request.cacheKey ?? "");
    world.die(owner);
  }
  if (world.strikes(faults.model429))
    return [{ type: "throw", error: new ModelError("model_rate_limited", "slow down", "away", { retryAfterMs: Math.round(world.between(100, 30_000)) }) }];
  if (world.strikes(faults.modelRefuses)) return [{ type: "throw", error: new ModelError("model_key", "key refused", "refused") }];
  if (world.strikes(faults.modelTooLong)) return [{ type: "throw", error: new ModelError("model_too_long", "too long", "too_long") }];
  if (world.strikes(faults.modelHangs)) return [{ type: "text", text: "hm " }, { type: "hang" }];
  const items = answer(world, said, tag, request);
  const slow = /\bslowly\b/.test(said) || world.strikes(faults.modelSlow);
  // A fast model answers in one go: fewer steps of the world for what is the same to the hall.
  const paced: ScriptItem[] = [{ type: "delay", ms: world.between(50, 800) }];
  for (const [index, item] of items.entries()) {
    if (slow && index > 0 && index < 12) paced.push({ type: "delay", ms: world.between(100, 3_000) });
    paced.push(item);
  }
  return world.strikes(faults.modelCut) ? [...paced.slice(0, Math.floor(world.between(1, paced.length))), { type: "cut" }] : paced;
}

function answer(world: SimWorld, said: string, tag: string, { entries }: ModelRequest): readonly ScriptItem[] {
  const results = entries.slice(entries.findLastIndex(({ content }) => content.role === "user") + 1).filter(({ content }) => content.role === "tool").length;
  // A note of the house says what became of a question; it asks for nothing.
  const wanted = said.startsWith(NOTICE_PREFIX) ? 0 : /\btools\b/.test(said) ? 3 : /\b(tool|pay)\b/.test(said) ? 1 : 0;
  if (results < wanted) {
    const count = wanted > 1 && results === 0 ? 2 : 1;
    const name = /\bpay\b/.test(said) ? "pay" : world.strikes(0.3) ? "look" : "count";
    return callTools(
      Array.from({ length: count }, () => ({ id: world.fresh("call"), name, args: { id: world.fresh("effect") } })),
      { usage: USAGE, ...(world.strikes(0.3) && { text: `I look after ${tag}.` }) },
    );
  }
  if (said.includes("Look around:")) return reply(world.strikes(0.7) ? "NOTHING" : `news ${world.fresh("n")}`, { usage: USAGE });
  const length = /\blong\b/.test(said) ? Math.floor(world.between(250, 900)) : Math.floor(world.between(10, 120));
  return reply(`re: ${tag} ${"word ".repeat(length / 5)}end`, { usage: USAGE });
}

function newestText(entries: readonly ModelEntry[]): string {
  const entry = entries.findLast(({ content }) => content.role === "user");
  return entry?.content.role === "user" ? messageText(entry.content.message) : "";
}

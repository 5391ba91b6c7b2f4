/** The models of the simulated world: two providers that answer `re: TAG` to the newest message, call tools, and fail. */
import { NOTICE_PREFIX } from "../../src/agent/user-text.ts";
import type { Clock } from "../../src/core/clock.ts";
import { ModelError } from "../../src/core/errors.ts";
import { messageText } from "../../src/core/message.ts";
import type { ModelEntry, ModelRequest } from "../../src/core/model.ts";
import { callTools, createScripted, reply, type ScriptedProvider, type ScriptItem } from "../../src/models/scripted/index.ts";
import { forgetSomebody } from "./forgetter.ts";
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
  const tag = tagOf(world, said);
  const summary = isSummary(request);
  if (!summary) world.watch.thinks(owner, request);
  if (world.outage(name)) return [{ type: "throw", error: new ModelError("model_overloaded", "overloaded", "away", {}) }];
  if (!summary && /\bpoison\b/.test(said) && world.faults.crash > 0) {
    world.watch.poisoned(request.cacheKey ?? "");
    world.die(owner);
  }
  if (world.strikes(faults.model429))
    return [{ type: "throw", error: new ModelError("model_rate_limited", "slow down", "away", { retryAfterMs: Math.round(world.between(100, 30_000)) }) }];
  if (world.strikes(faults.modelRefuses)) return [{ type: "throw", error: new ModelError("model_key", "key refused", "refused") }];
  if (world.strikes(faults.modelTooLong)) return [{ type: "throw", error: new ModelError("model_too_long", "too long", "too_long") }];
  if (world.strikes(faults.modelHangs)) return [{ type: "text", text: "hm " }, { type: "hang" }];
  const items = summary ? minutes(world, said) : answer(world, said, tag, request);
  const slow = (!summary && /\bslowly\b/.test(said)) || world.strikes(faults.modelSlow);
  // A fast model answers in one go: fewer steps of the world for what is the same to the hall.
  const paced: ScriptItem[] = [{ type: "delay", ms: world.between(50, 800) }];
  for (const [index, item] of items.entries()) {
    if (slow && index > 0 && index < 12) paced.push({ type: "delay", ms: world.between(100, 3_000) });
    paced.push(item);
  }
  return world.strikes(faults.modelCut) ? [...paced.slice(0, Math.floor(world.between(1, paced.length))), { type: "cut" }] : paced;
}

/** Where people are forgotten an answer names no word of theirs: it may be one to somebody else, who said something later. */
function tagOf({ climate }: SimWorld, said: string): string {
  const [tag, letter, number] = /\b([mx])(\d+)\b/.exec(said) ?? [];
  if (tag === undefined) return "nothing";
  return climate.forgets && letter === "m" ? `x${number}` : tag;
}

/** The house itself asks for a summary: in no session, and with no tool. */
function isSummary({ entries, tools, cacheKey }: ModelRequest): boolean {
  const content = entries[0]?.content;
  return tools.length === 0 && cacheKey === undefined && content?.role === "user" && content.envelope.channel === "house";
}

/** What it names is named once; now and then it comes out too long. */
function minutes(world: SimWorld, transcript: string): readonly ScriptItem[] {
  // Whoever said some of it may be forgotten while it is written.
  if (world.climate.forgets && world.strikes(0.2)) world.timeline.after(world.between(1, 1_000), undefined, "forget", () => forgetSomebody(world));
  const tags = [...new Set(transcript.match(/\bm\d+\b/g))];
  return reply(`Done: ${tags.slice(-40).join(" ")} ${"word ".repeat(world.strikes(0.1) ? 2_000 : 5)}`, { usage: USAGE });
}

function answer(world: SimWorld, said: string, tag: string, { entries }: ModelRequest): readonly ScriptItem[] {
  const results = entries.slice(entries.findLastIndex(({ content }) => content.role === "user") + 1).filter(({ content }) => content.role === "tool").length;
  // A note of the house says what became of a question; it asks for nothing.
  const wanted = said.startsWith(NOTICE_PREFIX) ? 0 : /\btools\b/.test(said) ? 3 : /\b(tool|pay)\b/.test(said) ? 1 : 0;
  if (/\bdelegate\b/.test(said) && results === 0) return handOver(world, tag);
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

/** Helpers of helpers are refused where they are too deep. */
function handOver(world: SimWorld, tag: string): readonly ScriptItem[] {
  const kinds = ["", "slowly", "slowly long", "tool", "tools slowly", "delegate"];
  const calls = Array.from({ length: world.pick([1, 1, 2, 4]) }, () => ({
    id: world.fresh("call"),
    name: "spawn_agent",
    args: { task: `${tag} ${world.pick(kinds)}`.trim() },
  }));
  return callTools(calls, { usage: USAGE });
}

function newestText(entries: readonly ModelEntry[]): string {
  const entry = entries.findLast(({ content }) => content.role === "user");
  return entry?.content.role === "user" ? messageText(entry.content.message) : "";
}

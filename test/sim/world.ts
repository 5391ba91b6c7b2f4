/**
 * A small deterministic world: the whole hall on the memory store, a manual clock, seeded chance, a scripted model and a loop channel. The same seed gives the same
 * trace, bit for bit. Run as a program it prints the trace's hash: `node test/sim/world.ts SEED`.
 */
import { createHash } from "node:crypto";
import { ChannelError, ModelError } from "../../src/core/errors.ts";
import { callTools, createScripted, reply, type Script, type ScriptItem } from "../../src/models/scripted/index.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { createTimeTool } from "../../src/tools/time/index.ts";
import { openHouse } from "../fakes/house.ts";
import { createLoopChannel } from "../fakes/loop-channel.ts";
import { createManualClock } from "../fakes/manual-clock.ts";
import { createSeededRandom } from "../fakes/seeded-random.ts";

const STEPS = 200;

export interface WorldResult {
  readonly hash: string;
  readonly accepted: number;
  readonly ended: number;
  /** Resources of the event loop that were alive between two steps. */
  readonly handles: readonly string[];
}

/** Lives through a number of steps and then waits until everything has ended. */
export async function runWorld(seed: number): Promise<WorldResult> {
  const random = createSeededRandom(seed);
  const dice = (sides: number) => Math.floor(random.number() * sides);
  const clock = createManualClock();
  const channel = createLoopChannel("loop", { idempotentSend: seed % 2 === 0 });
  channel.before = () => {
    if (dice(10) === 0) throw new ChannelError("down", "connection refused", "retry");
  };
  const store = createMemoryStore();
  const house = await openHouse({ store, clock, channel, seed, provider: createScripted(moods(dice), { clock }), tools: [createTimeTool()] });
  const handles = new Set<string>();
  let accepted = 0;
  for (let step = 0; step < STEPS; step += 1) {
    if (dice(3) === 0) {
      const outcome = await house.say(`message ${step} ${"x".repeat(dice(50))}`, { sender: { id: dice(2) === 0 ? "1" : "2" } });
      if (outcome.kind === "turn") accepted += 1;
    }
    await clock.advance(dice(20_000));
    for (const handle of process.getActiveResourcesInfo()) if (!handle.startsWith("TTY") && !handle.startsWith("Pipe")) handles.add(handle);
  }
  await clock.advance(3600_000);
  const turns = await store.listTurns({ limit: 10_000 });
  const trace = { events: house.events, shown: channel.shown, turns, deliveries: await store.listDeliveries({ limit: 10_000 }) };
  const hash = createHash("sha256").update(JSON.stringify(trace)).digest("hex");
  await house.stop();
  await store.close();
  return { hash, accepted, ended: turns.filter((turn) => turn.endedAt !== undefined).length, handles: [...handles] };
}

/** Answers, tools, slow streams, cut streams and outages, by the dice. */
function moods(dice: (sides: number) => number): Script {
  return (request, index): readonly ScriptItem[] => {
    const after = request.entries.at(-1)?.content.role === "tool";
    switch (dice(8)) {
      case 0:
        return [{ type: "throw", error: new ModelError("model_overloaded", "overloaded", "away", { retryAfterMs: 5_000 }) }];
      case 1:
        return [{ type: "text", text: "half an ans" }, { type: "cut" }];
      case 2:
        return after ? reply(`result ${index}`) : callTools([{ id: `call-${index}`, name: "time", args: {} }]);
      case 3:
        return [{ type: "text", text: "a slow beginning of a longer text" }, { type: "delay", ms: dice(30_000) }, ...reply(`answer ${index}`)];
      default:
        return reply(`answer ${index} ${"word ".repeat(dice(80))}`);
    }
  };
}

if (import.meta.main) {
  const { hash } = await runWorld(Number(process.argv[2] ?? 1));
  process.stdout.write(`${hash}\n`);
}

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { messageText } from "../../src/core/message.ts";
import { createScripted, reply } from "../../src/models/scripted/index.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { openHouse, POLICY } from "../fakes/house.ts";
import { createLoopChannel } from "../fakes/loop-channel.ts";
import { createManualClock } from "../fakes/manual-clock.ts";

const CHANNELS = ["one", "two", "three"] as const;
const PEOPLE = ["1", "2", "3", "4", "5"] as const;
const GROUP = "-5";
const RUNS = 75;

type Step =
  | { readonly kind: "say"; readonly person: (typeof PEOPLE)[number]; readonly channel: (typeof CHANNELS)[number]; readonly group: boolean }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "restart" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant("say" as const), person: fc.constantFrom(...PEOPLE), channel: fc.constantFrom(...CHANNELS), group: fc.boolean() }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 0, max: 3_000 }) }) },
  { weight: 1, arbitrary: fc.constant({ kind: "restart" as const }) },
);

interface World {
  readonly steps: readonly Step[];
  readonly scope: "per_peer" | "per_channel_peer" | "per_channel" | "global";
  readonly queueMode: "queue" | "immediate" | "batch" | "interrupt";
}

/** @returns messages that were said, and the places of answers that are not the place of what they answer. */
async function play({ steps, scope, queueMode }: World): Promise<{ said: string[]; answered: Set<string>; astray: string[] }> {
  const store = createMemoryStore({});
  const clock = createManualClock();
  const provider = createScripted(
    ({ entries }, index) => {
      const last = entries.findLast(({ content }) => content.role === "user")!.content;
      const token = /<\S+>/.exec(last.role === "user" ? messageText(last.message) : "")?.[0] ?? "nobody";
      return [{ type: "delay", ms: (index * 370) % 1_100 }, ...reply(`answer to ${token} from me`)];
    },
    { clock },
  );
  const channels = CHANNELS.map((name) => createLoopChannel(name));
  const policy = { ...POLICY, allowedUsers: ["2", "3", "4", "5"] };
  let boots = 0;
  const open = () =>
    openHouse({ seed: ++boots, store, clock, provider, channel: channels[0]!, moreChannels: channels.slice(1), place: { policy, scope, queueMode } });
  let house = await open();
  const said: string[] = [];
  for (const one of steps) {
    if (one.kind === "wait") await clock.advance(one.ms);
    else if (one.kind === "restart") {
      await house.stop();
      house = await open();
    } else {
      const conversation = one.group ? GROUP : one.person;
      const token = `<${one.channel}/${conversation}/${said.length}>`;
      said.push(token);
      await house.hall.intake.receive([
        house.message(`hear me ${token}`, { sender: { id: one.person }, address: { channel: one.channel, account: "default", conversation } }),
      ]);
    }
  }
  await clock.advance(60_000);
  await house.stop();
  const answered = new Set<string>();
  const astray = channels.flatMap(({ name, shown }) =>
    shown.flatMap(({ conversation, versions }) =>
      // Previews count as well: they have been seen.
      versions.flatMap((text) => {
        const [token] = /<\S+>/.exec(text) ?? [];
        if (token === undefined) return [];
        answered.add(token);
        return token.startsWith(`<${name}/${conversation}/`) ? [] : [`${token} in ${name}/${conversation}`];
      }),
    ),
  );
  await store.close();
  return { said, answered, astray };
}

describe("where answers go", () => {
  for (const scope of ["per_peer", "per_channel_peer", "per_channel", "global"] as const)
    test(`sec-111: 5 people on 3 channels, in groups and alone, with restarts: every outgoing message is in its inbound conversation (${scope})`, async () => {
      let messages = 0;
      const world = fc.record({
        steps: fc.array(step, { minLength: 5, maxLength: 40 }),
        queueMode: fc.constantFrom("queue", "immediate", "batch", "interrupt" as const),
      });
      await fc.assert(
        fc.asyncProperty(world, async ({ steps, queueMode }) => {
          const { said, answered, astray } = await play({ steps, scope, queueMode });
          messages += said.length;
          assert.deepEqual(astray, []);
          if (queueMode === "queue") assert.deepEqual([...answered].toSorted(), said.toSorted());
        }),
        { numRuns: RUNS },
      );
      assert.ok(messages > RUNS * 5, String(messages));
    });
});

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { channelsConfig } from "../../src/config/channels.ts";
import type { Update } from "../../src/core/update.ts";
import { createRecordingIntake, type RecordingIntake } from "./recording-intake.ts";
import type { Scene, Stranger } from "./stranger.ts";

const KINDS: Readonly<Record<Update["type"], true>> = { message: true, edit: true, deletion: true, reaction: true, press: true, vote: true, membership: true };

/** The kinds of updates that an adapter's sources make. */
function kindsInSource(channel: string): string[] {
  const folder = join(import.meta.dirname, "../../src/channels", channel);
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  const text = sources.map((file) => readFileSync(join(folder, file), "utf8")).join("\n");
  return Object.keys(KINDS).filter((kind) => new RegExp(`\\btype: "${kind}"(?: as const)?(?:,| \\})`).test(text));
}

function strangerOf(channel: string): string {
  return join(import.meta.dirname, channel, "stranger.ts");
}

async function withScene(channel: string, act: (scene: Scene, intake: RecordingIntake) => Promise<void>): Promise<void> {
  const intake = createRecordingIntake();
  const closes: (() => Promise<void>)[] = [];
  try {
    const { stranger } = (await import(strangerOf(channel))) as { stranger: Stranger };
    await act(await stranger(intake, (close) => closes.push(close)), intake);
  } finally {
    for (const close of closes.toReversed()) await close();
  }
}

describe("every kind of event on every channel", () => {
  const channels = Object.keys(channelsConfig.entries).filter((name) => name !== "web");

  test("sec-34 every channel has its stranger, who does every kind of thing that its sources hand in", async () => {
    for (const channel of channels)
      await withScene(channel, async ({ does }) => assert.deepEqual(Object.keys(does).toSorted(), kindsInSource(channel).toSorted(), channel));
  });

  for (const channel of channels)
    test(`sec-34 sec-36 on ${channel} whatever a stranger does is handed in with their id, and when it is refused the platform is asked for nothing`, () =>
      withScene(channel, async (scene, intake) => {
        const known = intake.updates.length;
        intake.outcome = () => ({ kind: "refused", reason: "stranger" });
        const before = scene.calls();
        for (const [kind, act] of Object.entries(scene.does)) {
          const count = intake.updates.length;
          act();
          await intake.until(() => intake.updates.length > count);
          assert.equal(intake.updates.at(-1)!.type, kind);
        }
        for (const update of intake.updates.slice(known)) assert.equal(update.sender.id, scene.stranger, update.type);
        // What would follow, a sign of typing or a download, would follow at once: one more event comes behind it.
        const count = intake.updates.length;
        scene.does.message!();
        await intake.until(() => intake.updates.length > count);
        assert.equal(scene.calls(), before);
      }));
});

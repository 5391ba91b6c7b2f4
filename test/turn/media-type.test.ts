import assert from "node:assert/strict";
import { test } from "node:test";
import type { FetchedMedia } from "../../src/core/channel.ts";
import type { Media } from "../../src/core/message.ts";
import type { ModelEntry } from "../../src/core/model.ts";
import { createScripted, reply } from "../../src/models/scripted/index.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { openHouse } from "../fakes/house.ts";
import { createLoopChannel } from "../fakes/loop-channel.ts";
import { createManualClock } from "../fakes/manual-clock.ts";

const JPEG = Uint8Array.of(0xff, 0xd8, 0xff, 0xe0);
const PAGE = new TextEncoder().encode("<html>not a picture");

test("a file of a channel is stored and shown to the model as what its bytes say, not as what its sender calls it", async () => {
  const store = await createMemoryStore({});
  const clock = createManualClock();
  const files: Readonly<Record<string, FetchedMedia>> = { wrong: { bytes: JPEG, type: "image/png" }, page: { bytes: PAGE, type: "image/png" } };
  const channel = Object.assign(createLoopChannel(), { fetchMedia: async ({ ref }: Media) => files[ref!]! });
  let last: ModelEntry | undefined;
  const provider = createScripted(
    ({ entries }) => {
      last = entries.at(-1);
      return reply("seen");
    },
    { clock },
  );
  const house = await openHouse({ store, provider, clock, channel });
  const photo = (ref: string) => ({ type: "media" as const, media: { kind: "photo" as const, ref } });
  await house.say("look", { message: { parts: [photo("wrong"), photo("page"), { type: "text", text: "look" }] } });
  const { content, images = [] } = last!;
  assert.deepEqual(
    images.map(({ type, bytes }) => [type, [...bytes]]),
    [["image/jpeg", [...JPEG]]],
  );
  assert.ok(content.role === "user");
  assert.deepEqual(
    content.message.parts.flatMap((part) => (part.type === "media" ? [part.media.type] : [])),
    ["image/jpeg", "application/octet-stream"],
  );
  await house.stop();
  await store.close();
});

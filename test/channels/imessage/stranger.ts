import type { Stranger } from "../stranger.ts";
import { createBench } from "./harness.ts";

export const stranger: Stranger = async (intake, ends) => {
  const bench = await createBench({ intake });
  ends(() => bench.close());
  bench.start();
  const { mac } = bench;
  await mac.until(() => bench.channel.status().state === "ready");
  intake.outcome = () => ({ kind: "refused", reason: "stranger" });
  const said = mac.say("before");
  await intake.until(() => intake.updates.length === 1);
  const gone = mac.say("gone soon");
  await intake.until(() => intake.updates.length === 2);
  const file = { guid: "at_0", mimeType: "image/png", transferName: "a.png", totalBytes: 1, isSticker: false, hideAttachment: false };
  return {
    stranger: said.handle!.address,
    does: {
      message: () => void mac.say("hi", { attachments: [file] }),
      edit: () => mac.edit(said, "changed"),
      reaction: () => void mac.tapback(said, "like"),
      deletion: () => mac.unsend(gone),
    },
    // To look for rows is upkeep: who wrote them is not known before.
    calls: () => mac.calls.filter(({ call }) => !/^(POST \/message\/query|GET \/server\/info)$/.test(call)).length,
  };
};

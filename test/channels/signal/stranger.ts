import { EVE } from "../../fakes/signal/index.ts";
import type { Stranger } from "../stranger.ts";
import { createBench } from "./harness.ts";

export const stranger: Stranger = async (intake, ends) => {
  const bench = await createBench({ intake });
  ends(() => bench.close());
  bench.start();
  const { signal } = bench;
  await signal.until(() => bench.channel.status().state === "ready");
  const said = signal.say("before", { from: EVE });
  await intake.until(() => intake.updates.length === 1);
  await signal.until(() => signal.calls.some(({ method }) => method === "sendReceipt"));
  const file = { contentType: "image/png", filename: "a.png", id: "a.png", size: 1 };
  const reaction = { emoji: "x", targetAuthorUuid: EVE, targetSentTimestamp: said, isRemove: false };
  return {
    stranger: EVE,
    does: {
      message: () => signal.say("hi", { from: EVE, attachments: [file] }),
      edit: () => signal.edit(said, "changed", { from: EVE }),
      reaction: () => signal.does({ reaction }, { from: EVE }),
      deletion: () => signal.does({ remoteDelete: { timestamp: said } }, { from: EVE }),
      vote: () => signal.does({ pollVote: { authorUuid: EVE, targetSentTimestamp: 1, optionIndexes: [0], voteCount: 1 } }, { from: EVE }),
    },
    calls: () => signal.calls.length,
  };
};

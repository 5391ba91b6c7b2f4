import { ANN } from "../../fakes/line/index.ts";
import type { Stranger } from "../stranger.ts";
import { createBench, ready } from "./harness.ts";

export const stranger: Stranger = async (intake, ends) => {
  const bench = await createBench({ intake });
  ends(() => bench.close());
  bench.start();
  const { line } = bench;
  await ready(bench);
  const photo = line.attach(Buffer.from("x"), "image/jpeg");
  return {
    stranger: ANN,
    does: {
      message: () => line.say({ type: "image", contentProvider: { type: "line" }, quotedMessageId: photo }),
      press: () => void line.press("ask:ABCDEF:once"),
      deletion: () => line.dispatch(line.event("unsend", line.sourceOf(ANN, ANN), { unsend: { messageId: photo } })),
      membership: () => line.dispatch(line.event("follow", line.sourceOf(ANN, ANN), { replyToken: "r", follow: { isUnblocked: false } })),
    },
    calls: () => line.calls.filter(({ call }) => !/\/v2\/bot\/(info|channel\/webhook|message\/quota)/.test(call)).length,
  };
};

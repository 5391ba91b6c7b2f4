import type { Stranger } from "../stranger.ts";
import { createBench } from "./harness.ts";

export const stranger: Stranger = async (intake, ends) => {
  const bench = await createBench({ intake });
  ends(() => bench.close());
  const { twitch } = bench;
  bench.start();
  await twitch.until(() => bench.channel.status().state === "ready");
  return {
    stranger: "66",
    does: { message: () => void twitch.chat({ text: "@clanker hi", from: "66" }), deletion: () => void twitch.remove("m1", { from: "66" }) },
    calls: () => twitch.calls.length,
  };
};

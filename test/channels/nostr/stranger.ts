import { person } from "../../fakes/nostr/index.ts";
import type { Stranger } from "../stranger.ts";
import { createBench } from "./harness.ts";

export const stranger: Stranger = async (intake, ends) => {
  const bench = await createBench({ intake });
  ends(() => bench.close());
  bench.start();
  const [relay] = bench.relays;
  const { me } = bench;
  // Its own upkeep is done: it has said where its inbox is.
  await bench.until(() => [...relay!.stored.values()].some((event) => event.kind === 10_050 && event.pubkey === me));
  const eve = person();
  return {
    stranger: eve.npub,
    does: {
      message: () =>
        relay!.put(
          eve.wrap(`https://x.test/${crypto.randomUUID()}.png`, me, {
            kind: 15,
            tags: [
              ["p", me],
              ["decryption-key", "00".repeat(32)],
              ["decryption-nonce", "00".repeat(12)],
            ],
          }).event,
        ),
      reaction: () =>
        relay!.put(
          eve.wrap("+", me, {
            kind: 7,
            tags: [
              ["p", me],
              ["e", "a".repeat(64)],
            ],
          }).event,
        ),
    },
    calls: () => relay!.words.length,
  };
};

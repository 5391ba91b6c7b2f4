import { plainMarkdown } from "../../../src/channels/nostr/index.ts";
import { channelSuite } from "../../contract/channel-suite.ts";
import { createBench } from "./harness.ts";

channelSuite("nostr", async (intake) => {
  const bench = await createBench({ intake, timing: { answerMs: 500 } });
  const { channel, ann, me } = bench;
  const [relay] = bench.relays;
  const facts: number[] = [];
  let unknown = 0;
  let last: Promise<void> = Promise.resolve();
  const whenRead = (run: () => void) => {
    last = last.then(() => bench.until(() => relay!.waits(me))).then(run, () => {});
  };
  return {
    channel,
    address: { channel: "nostr", account: "default", conversation: ann.npub },
    canary: bench.key,
    logs: bench.logs,
    plain: plainMarkdown,
    say: (text) => whenRead(() => void (facts.push(Date.now()), relay!.put(ann.wrap(text, me).event))),
    sayUnknown: () =>
      whenRead(() => {
        unknown += 1;
        relay!.put(ann.wrap("42", me, { kind: 9_999 }).event);
      }),
    // A relay wants no acknowledgement: what is taken is what has not to be kept any more.
    acknowledged: () => (intake.updates.length === 0 ? 0 : intake.updates.length + unknown),
    posted: () => ann.said([relay!]).map(({ content }) => content),
    failNextSend(failure) {
      if (failure === "retry") relay!.faults.push({ ok: "rate-limited: slowly" });
      if (failure === "permanent") relay!.faults.push({ ok: "blocked: not here" });
      if (failure === "unknown") relay!.faults.push({ silent: true });
    },
    breakConnection: relay!.refuse,
    until: bench.until,
    async close() {
      await bench.close();
      await last;
    },
  };
});

import { plainMarkdown } from "../../../src/channels/whatsapp/index.ts";
import { channelSuite } from "../../contract/channel-suite.ts";
import { ANN_JID } from "../../fakes/whatsapp/linked.ts";
import { ANN, createLinkedBench } from "./linked-harness.ts";

channelSuite("whatsapp, linked device", async (intake) => {
  const bench = await createLinkedBench({ intake, linked: true, timing: { checkMs: 50, aliveMs: 2_000, ackMs: 1_500 } });
  const { whatsapp, channel } = bench;
  whatsapp.letIn("open");
  let closed = false;
  let last: Promise<void> = Promise.resolve();
  const facts: string[] = [];
  const whenReady = (run: () => void) => {
    last = last.then(() => whatsapp.until(() => closed || channel.status().state === "ready")).then(run, () => {});
  };
  const running = () => channel.status().state !== "stopped" && channel.status().state !== "starting";
  return {
    channel,
    address: { channel: "whatsapp", account: "default", conversation: ANN },
    canary: "canary-noise-key",
    logs: bench.logs,
    plain: plainMarkdown,
    say: (text) => (running() ? void facts.push(whatsapp.say({ conversation: text })) : whenReady(() => void facts.push(whatsapp.say({ conversation: text })))),
    sayUnknown: () => whenReady(() => void facts.push(whatsapp.say({ telepathyMessage: { from: 42 } }))),
    // WhatsApp has its receipt, and what was kept for it is in the inbox. What nobody can read is never kept.
    acknowledged: () => facts.filter((id) => whatsapp.receipts.includes(id) && !bench.waiting.has(id)).length,
    posted: () => whatsapp.standing(ANN_JID),
    failNextSend(failure) {
      if (failure === "retry") whatsapp.fates.push({ throws: { message: "Connection Closed", code: 428 } });
      if (failure === "permanent") whatsapp.fates.push({ refuse: 479 });
      if (failure === "unknown") whatsapp.fates.push({ silent: true });
    },
    acts: {
      reactions: (id) => [whatsapp.reactions.get(id) ?? []].flat(),
      polls: () => whatsapp.polls.map(({ name, values }) => `${name}: ${values.join("/")}`),
      dropNextPoll: () => void whatsapp.fates.push({ silent: true }),
    },
    breakConnection(broken) {
      whatsapp.letIn(broken ? "closed" : "open");
      if (broken) whatsapp.close(408);
    },
    until: whatsapp.until,
    async close() {
      closed = true;
      await bench.close();
      await last;
    },
  };
});

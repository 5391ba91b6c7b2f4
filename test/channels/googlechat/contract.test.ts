import { plainMarkdown } from "../../../src/channels/googlechat/index.ts";
import { channelSuite } from "../../contract/channel-suite.ts";
import { DIRECT } from "../../fakes/googlechat/index.ts";
import { createBench } from "./harness.ts";

channelSuite("googlechat", async (intake) => {
  const bench = await createBench({ intake });
  const { chat, channel } = bench;
  // One after the other: what Google posts at once may overtake.
  let last: Promise<void> = Promise.resolve();
  const deliver = (event: Record<string, unknown> & { id: string }) => {
    last = last.then(() => chat.deliver(event));
  };
  return {
    channel,
    address: { channel: "googlechat", account: "default", conversation: DIRECT },
    // A line from the middle of the private key.
    canary: (JSON.parse(chat.keyFile) as { private_key: string }).private_key.split("\n")[5]!,
    logs: bench.logs,
    plain: plainMarkdown,
    say: (text) => deliver(chat.message(text)),
    sayUnknown: () => deliver(chat.event("TELEPATHY")),
    acknowledged: () => chat.taken.length,
    posted: () => chat.texts(DIRECT),
    failNextSend(failure) {
      const call = "POST /spaces";
      if (failure === "retry") chat.faults.push({ call, status: 429, body: { error: { code: 429, status: "RESOURCE_EXHAUSTED", message: "quota" } } });
      if (failure === "permanent") chat.faults.push({ call, status: 403, body: { error: { code: 403, status: "PERMISSION_DENIED", message: "no" } } });
      if (failure === "unknown") chat.faults.push({ call, drop: true });
    },
    acts: { missing: "missing.missing" },
    breakConnection: chat.break,
    until: chat.until,
    async close() {
      await bench.close();
      await last;
    },
  };
});

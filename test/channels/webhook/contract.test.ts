import { plainMarkdown } from "../../../src/channels/webhook/index.ts";
import { channelSuite } from "../../contract/channel-suite.ts";
import { createBench, SECRET } from "./harness.ts";

channelSuite("webhook", async (intake) => {
  const bench = await createBench({ intake });
  const { program, channel } = bench;
  let count = 0;
  // One after the other, as a program that wants its order kept has to.
  let last: Promise<void> = Promise.resolve();
  const deliver = (event: { type: string; [key: string]: unknown }) => {
    const whole = { id: `m${++count}`, conversation: "c1", sender: { id: "ann" }, ...event };
    last = last.then(() => program.deliver(whole));
  };
  return {
    channel,
    address: { channel: "webhook", account: "default", conversation: "c1" },
    canary: SECRET,
    logs: bench.logs,
    plain: plainMarkdown,
    say: (text) => deliver({ type: "message", text }),
    sayUnknown: () => deliver({ type: "telepathy", from: 42 }),
    acknowledged: () => program.taken.length,
    posted: () => [...program.said.values()],
    failNextSend(failure) {
      if (failure === "retry") program.faults.push({ status: 503, headers: { "retry-after": "1" } });
      if (failure === "permanent") program.faults.push({ status: 403 });
      if (failure === "unknown") program.faults.push({ drop: true });
    },
    acts: {},
    breakConnection: program.break,
    until: program.until,
    async close() {
      await bench.close();
      await last;
    },
  };
});

import { plainMarkdown } from "../../../src/channels/zalo/index.ts";
import { channelSuite } from "../../contract/channel-suite.ts";
import { ANN } from "../../fakes/zalo/index.ts";
import { createBench, TOKEN } from "./harness.ts";

channelSuite("zalo", async (intake) => {
  const bench = await createBench({ intake });
  const { zalo, channel } = bench;
  return {
    channel,
    address: { channel: "zalo", account: "default", conversation: ANN },
    canary: TOKEN,
    logs: bench.logs,
    plain: plainMarkdown,
    say: (text) => void zalo.say(text),
    sayUnknown: () => void zalo.dispatch(zalo.update("message.telepathy.received", { thought: 42 })),
    acknowledged: zalo.taken,
    posted: () => zalo.texts(ANN),
    failNextSend(failure) {
      const method = "sendMessage";
      if (failure === "retry") zalo.faults.push({ method, status: 429 });
      if (failure === "permanent") zalo.faults.push({ method, status: 400 });
      if (failure === "unknown") zalo.faults.push({ method, drop: true });
    },
    breakConnection: zalo.refuse,
    until: zalo.until,
    close: bench.close,
  };
});

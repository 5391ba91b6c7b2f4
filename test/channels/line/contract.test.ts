import { plainMarkdown } from "../../../src/channels/line/index.ts";
import { channelSuite } from "../../contract/channel-suite.ts";
import { ANN } from "../../fakes/line/index.ts";
import { createBench, TOKEN } from "./harness.ts";

channelSuite("line", async (intake) => {
  const bench = await createBench({ intake });
  const { line, channel } = bench;
  // The webhook is known to LINE before the first start, as it is for everybody from the second on.
  line.state.endpoint = bench.hook;
  return {
    channel,
    address: { channel: "line", account: "default", conversation: ANN },
    canary: TOKEN,
    logs: bench.logs,
    plain: plainMarkdown,
    say: (text) => void line.say(text),
    sayUnknown: () => void line.dispatch(line.event("telepathy", line.sourceOf(ANN, ANN), { telepathy: { from: 42 } })),
    acknowledged: line.taken,
    posted: () => line.texts(ANN),
    failNextSend(failure) {
      const call = "POST /v2/bot/message/push";
      if (failure === "retry") line.faults.push({ call, status: 429, body: { message: "The API rate limit has been exceeded. Try again later." } });
      if (failure === "permanent") line.faults.push({ call, status: 400, body: { message: "The request body has 1 error(s)" } });
      if (failure === "unknown") line.faults.push({ call, drop: true });
    },
    breakConnection: line.refuse,
    until: line.until,
    close: bench.close,
  };
});

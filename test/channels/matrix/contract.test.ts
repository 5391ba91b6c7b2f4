import { plainMarkdown } from "../../../src/channels/matrix/index.ts";
import { channelSuite } from "../../contract/channel-suite.ts";
import { createBench, TOKEN } from "./harness.ts";

channelSuite("matrix", async (intake) => {
  const bench = await createBench({ intake });
  const { matrix, channel } = bench;
  const facts: number[] = [];
  return {
    channel,
    address: { channel: "matrix", account: "default", conversation: matrix.direct },
    canary: TOKEN,
    logs: bench.logs,
    plain: plainMarkdown,
    say: (text) => void facts.push(matrix.say(text).pos),
    sayUnknown: () => void facts.push(matrix.say("?", { type: "org.example.telepathy" }).pos),
    acknowledged: () => facts.filter((pos) => pos <= matrix.acknowledged(matrix.bot)).length,
    posted: () => matrix.texts(matrix.direct),
    failNextSend(failure) {
      const call = "PUT /client/v3/rooms/";
      if (failure === "retry")
        matrix.faults.push({ call, status: 429, body: { errcode: "M_LIMIT_EXCEEDED", error: "Too Many Requests", retry_after_ms: 1_000 } });
      if (failure === "permanent") matrix.faults.push({ call, status: 403, body: { errcode: "M_FORBIDDEN", error: "not in the room" } });
      if (failure === "unknown") matrix.faults.push({ call, drop: true });
    },
    breakConnection: matrix.refuse,
    until: matrix.until,
    close: bench.close,
  };
});

import { plainMarkdown } from "../../../src/channels/whatsapp/index.ts";
import { channelSuite } from "../../contract/channel-suite.ts";
import { ANN } from "../../fakes/whatsapp/cloud.ts";
import { createCloudBench, TOKEN } from "./cloud-harness.ts";

channelSuite("whatsapp, Cloud API", async (intake) => {
  const bench = await createCloudBench({ intake });
  const { cloud, channel } = bench;
  return {
    channel,
    address: { channel: "whatsapp", account: "default", conversation: ANN },
    canary: TOKEN,
    logs: bench.logs,
    plain: plainMarkdown,
    say: (text) => void cloud.say({ type: "text", text: { body: text } }),
    sayUnknown: () => void cloud.say({ type: "telepathy", telepathy: { from: 42 } }),
    acknowledged: cloud.taken,
    posted: () => cloud.sent.filter(({ to }) => to === ANN).map(({ text, interactive }) => text?.body ?? interactive?.body.text ?? ""),
    failNextSend(failure) {
      if (failure === "retry") cloud.faults.push({ call: "POST /messages", status: 400, error: { code: 130429 }, headers: { "retry-after": "1" } });
      if (failure === "permanent") cloud.faults.push({ call: "POST /messages", status: 400, error: { code: 131026 } });
      if (failure === "unknown") cloud.faults.push({ call: "POST /messages", drop: true });
    },
    acts: {
      reactions: (id) => [...cloud.reactions].flatMap(([message, emoji]) => (message === id ? [emoji] : [])),
      missing: "wamid.missing",
    },
    breakConnection: cloud.refuse,
    until: cloud.until,
    close: bench.close,
  };
});

import { plainMarkdown } from "../../../src/channels/feishu/index.ts";
import { channelSuite } from "../../contract/channel-suite.ts";
import { DIRECT } from "../../fakes/feishu/index.ts";
import { APP_SECRET, createBench } from "./harness.ts";

for (const mode of ["socket", "webhook"] as const) {
  channelSuite(`feishu (${mode})`, async (intake) => {
    const bench = await createBench({ intake, config: { mode } });
    const { feishu, channel } = bench;
    return {
      channel,
      address: { channel: "feishu", account: "default", conversation: DIRECT },
      canary: APP_SECRET,
      logs: bench.logs,
      plain: plainMarkdown,
      say: (text) => void feishu.say(text),
      sayUnknown: () => feishu.dispatch("im.telepathy.sent_v1", { from: 42 }),
      acknowledged: feishu.taken,
      posted: () => feishu.texts(DIRECT),
      failNextSend(failure) {
        const call = "POST /im/v1/messages";
        if (failure === "retry") feishu.faults.push({ call, status: 429, code: 99991400, headers: { "x-ogw-ratelimit-reset": "1" } });
        if (failure === "permanent") feishu.faults.push({ call, code: 230013 });
        if (failure === "unknown") feishu.faults.push({ call, drop: true });
      },
      acts: {
        reactions: (id) => feishu.reactions.flatMap(({ message, emoji }) => (message === id ? [emoji === "THUMBSUP" ? "👍" : emoji] : [])),
        pinned: () => [...feishu.pins],
        missing: "om_gone",
      },
      breakConnection: feishu.refuse,
      until: feishu.until,
      close: bench.close,
    };
  });
}

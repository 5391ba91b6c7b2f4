import assert from "node:assert/strict";
import { plainMarkdown } from "../../../src/channels/slack/index.ts";
import { channelSuite } from "../../contract/channel-suite.ts";
import { BOT_TOKEN, createBench } from "./harness.ts";

for (const mode of ["socket", "webhook"] as const) {
  channelSuite(`slack by ${mode}`, async (intake) => {
    const bench = await createBench({ intake, config: { mode }, fake: { retryMs: mode === "webhook" ? 50 : 3_000 } });
    const { slack, channel } = bench;
    slack.addChannel("D42", ["U42"]);
    return {
      channel,
      address: { channel: "slack", account: "default", conversation: "D42" },
      canary: BOT_TOKEN,
      logs: bench.logs,
      plain: plainMarkdown,
      say: (text) => void slack.say({ text }),
      sayUnknown: () => slack.event({ type: "telepathy", user: "U42" }),
      acknowledged: () => slack.taken(),
      posted: () => slack.texts("D42"),
      failNextSend(failure) {
        if (failure === "retry") slack.failNext("chat.postMessage", "ratelimited", { status: 429, retryAfter: 1 });
        if (failure === "permanent") slack.failNext("chat.postMessage", "not_in_channel");
        if (failure === "unknown") {
          slack.dropAfterProcessing("chat.postMessage");
          // Nobody can look whether it is there either.
          slack.failNext("conversations.history", "missing_scope", { times: 10 });
        }
      },
      acts: {
        reactions: (id) => (slack.messages("D42").find(({ ts }) => ts === id)?.reactions ?? []).map((name) => (name === "+1" ? "👍" : name)),
        pinned: () => slack.messages("D42").flatMap(({ ts, pinned }) => (pinned === true ? [ts] : [])),
        missing: "1.000001",
      },
      breakConnection: (broken) => (broken ? slack.revokeToken() : slack.restoreToken()),
      until: slack.until,
      async close() {
        await bench.close();
        assert.deepEqual(slack.violations, []);
      },
    };
  });
}

import { plainMarkdown } from "../../../src/channels/telegram/index.ts";
import { channelSuite } from "../../contract/channel-suite.ts";
import { createBench, TOKEN } from "./harness.ts";

channelSuite("telegram by polling", async (intake) => {
  const bench = await createBench({ intake });
  const { telegram, channel } = bench;
  telegram.addChat({ id: 42 });
  return {
    channel,
    address: { channel: "telegram", account: "default", conversation: "42" },
    canary: TOKEN,
    logs: bench.logs,
    plain: plainMarkdown,
    say: (text) => void telegram.say({ text }),
    sayUnknown: () => void telegram.raw({ telepathy: { from: 42 } }),
    acknowledged: () => telegram.confirmed.reduce((sum, one) => sum + one.ids.length, 0),
    posted: () => telegram.texts(42),
    failNextSend(failure) {
      if (failure === "retry") telegram.failNext("sendMessage", 429, { parameters: { retry_after: 1 } });
      if (failure === "permanent") telegram.failNext("sendMessage", 403, { description: "Forbidden: bot was blocked by the user" });
      if (failure === "unknown") telegram.dropAfterProcessing("sendMessage");
    },
    breakConnection: (broken) => (broken ? telegram.revokeToken() : telegram.restoreToken()),
    acts: {
      reactions: (id) => telegram.messages(42).find(({ message }) => message.message_id === Number(id))?.reactions ?? [],
      pinned: () => telegram.messages(42).flatMap(({ pinned, message }) => (pinned === true ? [String(message.message_id)] : [])),
      polls: () =>
        telegram
          .messages(42)
          .flatMap(({ message }) =>
            message.poll === undefined ? [] : [`${message.poll.question}: ${message.poll.options.map(({ text }) => text).join("/")}`],
          ),
      missing: "999999",
      dropNextPoll: () => telegram.dropAfterProcessing("sendPoll"),
    },
    until: telegram.until,
    close: bench.close,
  };
});

import { plainMarkdown } from "../../../src/channels/signal/index.ts";
import { channelSuite } from "../../contract/channel-suite.ts";
import { ANN, NUMBER } from "../../fakes/signal/index.ts";
import { createBench } from "./harness.ts";

channelSuite("signal", async (intake) => {
  const bench = await createBench({ intake });
  const { signal } = bench;
  let unknown = 0;
  return {
    channel: bench.channel,
    address: { channel: "signal", account: "default", conversation: ANN },
    // There is no credential; the phone number is what must not be shown.
    canary: NUMBER.slice(1),
    logs: bench.logs,
    plain: plainMarkdown,
    say: (text) => void signal.say(text),
    sayUnknown: () => {
      unknown += 1;
      signal.does({ telepathy: 42 });
    },
    // Events are acknowledged to nobody: what is taken is what has not to be kept any more. What stands before something that was taken was read.
    acknowledged: () => (intake.updates.length === 0 ? 0 : intake.updates.length + unknown),
    posted: () => signal.posted(ANN),
    failNextSend(failure) {
      if (failure === "retry") signal.faults.push({ call: "send", error: { code: -5, message: "Failed to send message due to rate limiting" } });
      if (failure === "permanent") signal.faults.push({ call: "send", error: { code: -4, message: "Failed to send message due to untrusted identities" } });
      if (failure === "unknown") signal.faults.push({ call: "send", drop: true });
    },
    // signal-cli sends whatever it is told about a message that it does not know.
    acts: {
      reactions: (id) => [...signal.reactions].flatMap(([name, emoji]) => (name === id ? [emoji] : [])),
      pinned: () => [...signal.pins],
      polls: () => signal.polls,
      dropNextPoll: () => void signal.faults.push({ call: "sendPollCreate", drop: true }),
    },
    breakConnection: signal.refuse,
    until: signal.until,
    close: bench.close,
  };
});

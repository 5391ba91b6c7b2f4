import { plainMarkdown } from "../../../src/channels/twitch/index.ts";
import { channelSuite } from "../../contract/channel-suite.ts";
import { CHAT } from "../../fakes/twitch/index.ts";
import { createBench, REFRESH } from "./harness.ts";

channelSuite("twitch", async (intake) => {
  const bench = await createBench({ intake });
  const { twitch, channel } = bench;
  let skipped = 0;
  let last: Promise<void> = Promise.resolve();
  const whenRead = (run: () => void) => {
    last = last.then(() => twitch.until(() => twitch.read)).then(run, () => {});
  };
  return {
    channel,
    address: { channel: "twitch", account: "default", conversation: CHAT },
    canary: REFRESH,
    logs: bench.logs,
    plain: plainMarkdown,
    say: (text) => whenRead(() => void twitch.chat({ text })),
    sayUnknown: () => {
      skipped += 1;
      whenRead(twitch.unknown);
    },
    // Twitch wants no acknowledgement: what is taken is what has not to be kept any more.
    acknowledged: () => (intake.updates.length === 0 ? 0 : intake.updates.length + skipped),
    posted: () => twitch.sent.flatMap(({ message_id: id, message }) => (twitch.deleted.includes(id) ? [] : [message])),
    failNextSend(failure) {
      if (failure === "retry") twitch.faults.push({ status: 429, headers: { "ratelimit-reset": String(Math.ceil(Date.now() / 1_000) + 2) } });
      if (failure === "permanent")
        twitch.faults.push({ status: 200, body: { data: [{ message_id: "", is_sent: false, drop_reason: { code: "msg_rejected", message: "no" } }] } });
      if (failure === "unknown") twitch.faults.push({ drop: true });
    },
    acts: { missing: "not-there" },
    breakConnection: twitch.refuse,
    until: twitch.until,
    async close() {
      await bench.close();
      await last;
    },
  };
});

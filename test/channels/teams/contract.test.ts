import { plainMarkdown } from "../../../src/channels/teams/index.ts";
import { channelSuite } from "../../contract/channel-suite.ts";
import { DIRECT } from "../../fakes/teams/index.ts";
import { createBench, PASSWORD } from "./harness.ts";

channelSuite("teams", async (intake) => {
  const bench = await createBench({ intake });
  const { teams, channel } = bench;
  // One after the other: what Teams posts at once may overtake.
  let last: Promise<void> = Promise.resolve();
  const deliver = (activity: Record<string, unknown> & { id: string }) => {
    last = last.then(() => teams.deliver(activity));
  };
  return {
    channel,
    address: { channel: "teams", account: "default", conversation: DIRECT },
    canary: PASSWORD,
    logs: bench.logs,
    plain: plainMarkdown,
    say: (text) => deliver(teams.message(text)),
    sayUnknown: () => deliver(teams.activity({ type: "telepathy" })),
    acknowledged: () => teams.taken.length,
    posted: () => teams.texts(DIRECT),
    failNextSend(failure) {
      const call = "POST /v3/conversations";
      if (failure === "retry") teams.faults.push({ call, status: 429, headers: { "retry-after": "1" } });
      if (failure === "permanent") teams.faults.push({ call, status: 403, body: { error: { code: "BotNotInConversationRoster", message: "gone" } } });
      if (failure === "unknown") teams.faults.push({ call, drop: true });
    },
    acts: {
      reactions: (id) => [...teams.reactions].flatMap((reaction) => (reaction === `${id} like` ? ["👍"] : [])),
      missing: "1700000000000",
    },
    breakConnection: teams.break,
    until: teams.until,
    async close() {
      await bench.close();
      await last;
    },
  };
});

import { plainMarkdown } from "../../../src/channels/mattermost/index.ts";
import { channelSuite } from "../../contract/channel-suite.ts";
import { DIRECT } from "../../fakes/mattermost/index.ts";
import { createBench, TOKEN } from "./harness.ts";

channelSuite("mattermost", async (intake) => {
  const bench = await createBench({ intake });
  const { mattermost, channel } = bench;
  let last: Promise<void> = Promise.resolve();
  let unknown = 0;
  const facts: number[] = [];
  const whenReady = (run: () => void) => {
    last = last.then(() => mattermost.until(() => channel.status().state === "ready")).then(run, () => {});
  };
  const isRunning = () => channel.status().state !== "stopped" && channel.status().state !== "starting";
  return {
    channel,
    address: { channel: "mattermost", account: "default", conversation: DIRECT },
    canary: TOKEN,
    logs: bench.logs,
    plain: plainMarkdown,
    // The first fact of all has to come while somebody listens: before that there is nothing to catch up with.
    say: (text) =>
      isRunning()
        ? void facts.push(mattermost.say({ message: text }).create_at)
        : whenReady(() => void facts.push(mattermost.say({ message: text }).create_at)),
    sayUnknown: () =>
      whenReady(() => {
        unknown += 1;
        mattermost.dispatch("telepathy", { from: 42 }, DIRECT);
      }),
    // The position on record is the acknowledgement: what stands behind it is read again. What has none is behind it when something later is.
    acknowledged: () => {
      const position = Number(intake.cursors.at(-1)?.value ?? 0);
      const taken = facts.filter((at) => at <= position).length;
      return taken === 0 ? 0 : taken + unknown;
    },
    posted: () => mattermost.texts(DIRECT),
    failNextSend(failure) {
      if (failure === "retry") mattermost.faults.push({ call: "POST /posts", status: 429, headers: { "x-ratelimit-reset": "1" } });
      if (failure === "permanent") mattermost.faults.push({ call: "POST /posts", status: 403 });
      if (failure === "unknown") mattermost.faults.push({ call: "POST /posts", drop: true });
    },
    acts: {
      reactions: (id) => (mattermost.posts.get(id)?.reactions ?? []).map((name) => (name === "+1" ? "👍" : name)),
      pinned: () => [...mattermost.posts.values()].flatMap(({ id, is_pinned }) => (is_pinned === true ? [id] : [])),
      missing: "missingmissingmissingmissi",
    },
    breakConnection: mattermost.refuse,
    until: mattermost.until,
    async close() {
      await bench.close();
      await last;
    },
  };
});

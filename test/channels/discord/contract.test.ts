import { plainMarkdown } from "../../../src/channels/discord/index.ts";
import { channelSuite } from "../../contract/channel-suite.ts";
import { CHANNEL, DIRECT } from "../../fakes/discord/index.ts";
import { createBench, TOKEN } from "./harness.ts";

channelSuite("discord", async (intake) => {
  const bench = await createBench({ intake, fake: { heartbeatMs: 60 } });
  const { discord, channel } = bench;
  const kinds = ["MESSAGE_CREATE", "TELEPATHY"];
  return {
    channel,
    address: { channel: "discord", account: "default", conversation: DIRECT },
    canary: TOKEN,
    logs: bench.logs,
    plain: plainMarkdown,
    say: (text) => void bench.whenReady(() => discord.say({ text })),
    sayUnknown: () => void bench.whenReady(() => discord.dispatch("TELEPATHY", { from: 42 })),
    acknowledged: () => kinds.reduce((sum, kind) => sum + discord.events(kind).read, 0),
    posted: () => discord.texts(DIRECT),
    failNextSend(failure) {
      const call = { method: "POST", path: /\/messages$/ };
      if (failure === "retry") discord.faults.push({ ...call, status: 429, body: { message: "You are being rate limited.", retry_after: 1, global: false } });
      if (failure === "permanent") discord.faults.push({ ...call, status: 403, body: { code: 50007, message: "Cannot send messages to this user" } });
      if (failure === "unknown") discord.faults.push({ ...call, drop: true });
    },
    acts: {
      reactions: (id) => discord.messages(DIRECT).find((one) => one.id === id)?.reacted ?? [],
      pinned: () => discord.messages(DIRECT).flatMap(({ id, pinned }) => (pinned === true ? [id] : [])),
      polls: () =>
        discord.messages(DIRECT).flatMap(({ poll }) => {
          const { question, answers } = (poll ?? {}) as { question?: { text: string }; answers?: { poll_media: { text: string } }[] };
          return question === undefined ? [] : [`${question.text}: ${answers!.map(({ poll_media: { text } }) => text).join("/")}`];
        }),
      missing: "1",
      threadsAt: { channel: "discord", account: "default", conversation: CHANNEL },
      dropNextPoll: () => void discord.faults.push({ method: "POST", path: /\/messages$/, drop: true }),
    },
    breakConnection: discord.refuse,
    until: discord.until,
    close: bench.close,
  };
});

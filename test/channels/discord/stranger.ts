import { CHANNEL } from "../../fakes/discord/index.ts";
import type { Stranger } from "../stranger.ts";
import { createBench } from "./harness.ts";

export const stranger: Stranger = async (intake, ends) => {
  const bench = await createBench({ intake });
  ends(() => bench.close());
  bench.start();
  const { discord } = bench;
  await discord.until(() => discord.calls.some((call) => call.path.endsWith("/commands")));
  await new Promise<void>((ready) => bench.whenReady(ready));
  const from = "100000000000000066";
  const place = { channel: "discord", account: "default", conversation: CHANNEL };
  const poll = await bench.channel.actions!.poll!(
    { address: place, signal: AbortSignal.timeout(10_000) },
    { question: "?", options: ["a", "b"], multiple: false },
  );
  const vote = { user_id: from, channel_id: CHANNEL, message_id: poll.messageId, guild_id: discord.guild, answer_id: 1 };
  const said = discord.say({ text: "before", channel: CHANNEL, from });
  await intake.until(() => intake.updates.length === 1);
  const file = { id: "1", filename: "a.png", size: 1, url: `${discord.url}/a.png`, content_type: "image/png" };
  const reaction = { user_id: from, channel_id: CHANNEL, message_id: said.id, guild_id: discord.guild, emoji: { id: null, name: "x" } };
  return {
    stranger: from,
    does: {
      message: () => discord.say({ text: "hi", channel: CHANNEL, from, more: { attachments: [file] } }),
      edit: () => discord.edit(said, "changed"),
      reaction: () => discord.dispatch("MESSAGE_REACTION_ADD", reaction),
      vote: () => discord.dispatch("MESSAGE_POLL_VOTE_ADD", vote),
      press: () => discord.press({ id: said.id, channel_id: CHANNEL }, "ask:ABCDEF:once", from),
      deletion: () => discord.dispatch("MESSAGE_DELETE", { id: said.id, channel_id: CHANNEL, guild_id: discord.guild }),
    },
    calls: () => discord.calls.length + discord.interactionAnswers.length,
  };
};

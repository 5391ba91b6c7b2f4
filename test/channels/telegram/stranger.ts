import type { Stranger } from "../stranger.ts";
import { createBench } from "./harness.ts";

export const stranger: Stranger = async (intake, ends) => {
  const bench = await createBench({ intake });
  ends(() => bench.close());
  bench.start();
  const { telegram } = bench;
  await telegram.until(() => telegram.polling && telegram.commands.length > 0);
  const chat = -66;
  const from = 66;
  // A poll that the assistant has posted there, which anybody may answer.
  intake.outcome = () => ({ kind: "context", messageId: "m", sessionId: "s" });
  await bench.channel.send(bench.channel.render({ parts: [{ type: "poll", question: "?", options: ["a", "b"] }] })[0]!, {
    address: { channel: "telegram", account: "default", conversation: String(telegram.addChat({ id: chat }).id) },
    nonce: "n",
    signal: AbortSignal.timeout(10_000),
  });
  const said = telegram.photo({ chat, from, bytes: new Uint8Array([1]), caption: "hi" });
  await intake.until(() => intake.updates.length === 1);
  const poll = telegram
    .messages(chat)
    .map(({ message }) => message.poll?.id)
    .find((id) => id !== undefined)!;
  return {
    stranger: "66",
    does: {
      message: () => telegram.document({ chat, from, bytes: new Uint8Array([1]), name: "a.pdf" }),
      edit: () => telegram.edit(said, "changed"),
      reaction: () => telegram.react({ chat, messageId: said.message_id, from, emoji: "👍" }),
      press: () => telegram.press({ chat, messageId: said.message_id, from, data: "ask:ABCDEF:once" }),
      vote: () => telegram.vote({ pollId: poll, from, options: [0] }),
      membership: () => telegram.membership({ chat, from, before: "left", now: "member" }),
    },
    calls: () => telegram.calls.filter(({ method }) => !/^getupdates$/i.test(method)).length,
  };
};

import { BOT, CHAT } from "../../fakes/teams/index.ts";
import type { Stranger } from "../stranger.ts";
import { createBench, target } from "./harness.ts";

export const stranger: Stranger = async (intake, ends) => {
  const bench = await createBench({ intake });
  ends(() => bench.close());
  bench.start();
  const { teams } = bench;
  await teams.until(() => bench.channel.status().state === "ready");
  const { messageId } = await bench.channel.send(
    bench.channel.render({ parts: [{ type: "text", text: "?" }], buttons: [{ label: "Yes", data: "ask:ABCDEF:once" }] })[0]!,
    target(CHAT),
  );
  const from = "66666666-6666-6666-6666-666666666666";
  const by = { from, conversation: CHAT };
  const tells = (activity: Record<string, unknown> & { id: string }) => void teams.deliver(activity);
  const picture = { contentType: "image/*", contentUrl: `${teams.origin}/amer/v3/attachments/1/views/original` };
  const said = teams.message("before", by);
  return {
    stranger: from,
    does: {
      message: () => tells(teams.mention("hi", { ...by, attachments: [picture] })),
      edit: () => tells({ ...said, type: "messageUpdate", text: "changed" }),
      reaction: () => tells(teams.activity({ type: "messageReaction", replyToId: messageId, reactionsAdded: [{ type: "like" }], ...by })),
      press: () => tells(teams.press(messageId, "Yes", by)),
      deletion: () => tells({ ...said, type: "messageDelete" }),
      membership: () => tells(teams.activity({ type: "conversationUpdate", membersRemoved: [{ id: BOT }], ...by })),
    },
    calls: () => teams.calls.length,
  };
};

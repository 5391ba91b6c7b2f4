import { ANN, GROUP } from "../../fakes/feishu/index.ts";
import type { Stranger } from "../stranger.ts";
import { createBench, ready, target } from "./harness.ts";

export const stranger: Stranger = async (intake, ends) => {
  const bench = await createBench({ intake });
  ends(() => bench.close());
  bench.start();
  const { feishu } = bench;
  await ready(bench);
  await bench.channel.send(
    bench.channel.render({ parts: [{ type: "text", text: "?" }], buttons: [{ label: "Yes", data: "ask:ABCDEF:once" }] })[0]!,
    target(GROUP),
  );
  const asked = feishu.messages[0]!;
  const said = feishu.say("before");
  await feishu.until(() => feishu.taken() === 1);
  return {
    stranger: ANN,
    does: {
      message: () =>
        void feishu.say({ image_key: "img_1" }, { type: "image", id: `om_${Math.random().toString(36).slice(2)}`, message: { parent_id: asked.id } }),
      reaction: () =>
        feishu.dispatch("im.message.reaction.created_v1", {
          message_id: asked.id,
          reaction_type: { emoji_type: "SMILE" },
          operator_type: "user",
          user_id: { open_id: ANN },
          action_time: "1627641418803",
        }),
      press: () => feishu.press(asked, 0),
      deletion: () => feishu.dispatch("im.message.recalled_v1", { message_id: said, chat_id: "oc_direct", recall_time: "1627641418804" }),
      membership: () => feishu.dispatch("im.chat.member.bot.deleted_v1", { chat_id: GROUP, operator_id: { open_id: ANN } }),
    },
    calls: () => feishu.calls.filter(({ call }) => !/\/(auth|callback|bot)\//.test(call)).length,
  };
};

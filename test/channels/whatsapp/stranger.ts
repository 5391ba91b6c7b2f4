import { ANN } from "../../fakes/whatsapp/cloud.ts";
import type { Stranger } from "../stranger.ts";
import { createCloudBench } from "./cloud-harness.ts";

export const stranger: Stranger = async (intake, ends) => {
  const bench = await createCloudBench({ intake, timing: { checkMs: 60_000 } });
  ends(() => bench.close());
  bench.start();
  const { cloud } = bench;
  await cloud.until(() => bench.channel.status().state === "ready");
  const file = cloud.addFile(new Uint8Array([1]), "image/png");
  return {
    stranger: ANN,
    does: {
      message: () => void cloud.say({ type: "image", image: { id: file, mime_type: "image/png", caption: "hi" } }),
      edit: () => void cloud.say({ type: "edit", edit: { original_message_id: "wamid.1", message: { type: "text", text: { body: "changed" } } } }),
      reaction: () => void cloud.say({ type: "reaction", reaction: { message_id: "wamid.1", emoji: "👀" } }),
      press: () =>
        void cloud.say({
          type: "interactive",
          context: { id: "wamid.1" },
          interactive: { type: "button_reply", button_reply: { id: "clanker:ask:ABCDEF:once", title: "Yes" } },
        }),
      deletion: () => void cloud.say({ type: "revoke", revoke: { original_message_id: "wamid.1" } }),
    },
    calls: () => cloud.calls.length,
  };
};

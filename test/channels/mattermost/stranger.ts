import { ANN, TOWN } from "../../fakes/mattermost/index.ts";
import type { Stranger } from "../stranger.ts";
import { createBench, target } from "./harness.ts";

export const stranger: Stranger = async (intake, ends) => {
  const bench = await createBench({ intake, buttons: true });
  ends(() => bench.close());
  const { mattermost } = bench;
  // From before the start: of its conversation nothing has been heard yet.
  const said = mattermost.say({ message: "before" });
  bench.start();
  await mattermost.until(() => mattermost.calls.some(({ call }) => call.endsWith("/channels")));
  await bench.channel.send(
    bench.channel.render({ parts: [{ type: "text", text: "?" }], buttons: [{ label: "Yes", data: "ask:ABCDEF:once" }] })[0]!,
    target(TOWN),
  );
  const asked = [...mattermost.posts.values()].at(-1)!;
  const file = mattermost.attach("a.png", "image/png", Buffer.from("x"));
  return {
    stranger: ANN,
    does: {
      message: () => mattermost.say({ channel_id: TOWN, message: "@clanker hi", file_ids: [file] }),
      edit: () => mattermost.edit(said, "changed"),
      reaction: () => mattermost.react(said, "eyes"),
      press: () => void mattermost.press(asked, 0),
      deletion: () => mattermost.remove(said),
      membership: () => mattermost.dispatch("user_removed", { channel_id: TOWN, remover_id: ANN }),
    },
    calls: () => mattermost.calls.length,
  };
};

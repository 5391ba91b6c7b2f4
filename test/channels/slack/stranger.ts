import type { Stranger } from "../stranger.ts";
import { createBench } from "./harness.ts";

export const stranger: Stranger = async (intake, ends) => {
  const bench = await createBench({ intake });
  ends(() => bench.close());
  bench.start();
  const { slack } = bench;
  await slack.until(() => bench.channel.status().state === "ready");
  intake.outcome = () => ({ kind: "refused", reason: "stranger" });
  const said = slack.say({ text: "before", user: "U66" });
  await intake.until(() => intake.updates.length === 1);
  await bench.channel.send(bench.channel.render({ parts: [{ type: "text", text: "?" }], buttons: [{ label: "Yes", data: "ask:ABCDEF:once" }] })[0]!, {
    address: { channel: "slack", account: "default", conversation: "D66" },
    nonce: "n",
    signal: AbortSignal.timeout(10_000),
  });
  const file = slack.addFile(Buffer.from("x"), { name: "a.png", type: "image/png" });
  return {
    stranger: "U66",
    does: {
      message: () => slack.say({ text: "hi", user: "U66", files: [file] }),
      edit: () => slack.edit("D66", said.ts, "changed"),
      reaction: () => slack.react("D66", said.ts, "eyes", { user: "U66" }),
      press: () => slack.press("D66", "Yes", "U66"),
      deletion: () => slack.remove("D66", said.ts),
      membership: () => slack.event({ type: "member_joined_channel", channel: "C66", user: slack.me.user_id, inviter: "U66", event_ts: "1700000000.000100" }),
    },
    calls: () => slack.calls.length,
  };
};

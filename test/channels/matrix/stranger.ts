import type { Stranger } from "../stranger.ts";
import { createBench } from "./harness.ts";

export const stranger: Stranger = async (intake, ends) => {
  const bench = await createBench({ intake });
  ends(() => bench.close());
  const { matrix } = bench;
  const from = "@eve:test";
  const room = matrix.town;
  bench.start();
  // The account sets itself up beside what it hears: until that is done its own requests would be counted.
  await matrix.until(() => bench.channel.status().identity?.includes("backed up") === true);
  const said = matrix.say("before", { room, from });
  await intake.until(() => intake.updates.length === 1);
  await matrix.until(() => matrix.calls.some(({ call }) => call.includes("/receipt/")));
  const elsewhere = matrix.world.createRoom([from]);
  const about = (rel_type: string, more: object) => ({ room, from, content: { "m.relates_to": { rel_type, event_id: said.event_id, ...more } } });
  const changed = about("m.replace", {});
  return {
    stranger: from,
    does: {
      message: () => matrix.say("hi", { room, from, content: { msgtype: "m.image", url: "mxc://test/x", filename: "a.png" } }),
      edit: () => matrix.say("* changed", { ...changed, content: { ...changed.content, "m.new_content": { msgtype: "m.text", body: "changed" } } }),
      reaction: () => matrix.say("", { type: "m.reaction", ...about("m.annotation", { key: "👍" }) }),
      vote: () => {
        const vote = about("m.reference", {});
        matrix.say("", { type: "m.poll.response", ...vote, content: { ...vote.content, "m.selections": ["yes"] } });
      },
      deletion: () => matrix.say("", { type: "m.room.redaction", room, from, content: { redacts: said.event_id } }),
      membership: () => matrix.world.member(elsewhere, matrix.bot.user, "invite", { sender: from }),
    },
    calls: () => matrix.calls.filter(({ call }) => !call.endsWith("/sync")).length,
  };
};

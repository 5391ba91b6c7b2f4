import { plainMarkdown } from "../../../src/channels/matrix/index.ts";
import { channelSuite } from "../../contract/channel-suite.ts";
import { BOT } from "../../fakes/matrix/index.ts";
import { createBench, TOKEN } from "./harness.ts";

const POLL = "org.matrix.msc3381.poll.start";
const TEXT = "org.matrix.msc1767.text";
type Words = { readonly [TEXT]: string };

channelSuite("matrix", async (intake) => {
  const bench = await createBench({ intake });
  const { matrix, channel } = bench;
  const facts: number[] = [];
  const ofUs = (wanted: string) => matrix.world.rooms.get(matrix.direct)!.filter(({ type, sender }) => type === wanted && sender === BOT);
  return {
    channel,
    address: { channel: "matrix", account: "default", conversation: matrix.direct },
    canary: TOKEN,
    logs: bench.logs,
    plain: plainMarkdown,
    say: (text) => void facts.push(matrix.say(text).pos),
    sayUnknown: () => void facts.push(matrix.say("?", { type: "org.example.telepathy" }).pos),
    acknowledged: () => facts.filter((pos) => pos <= matrix.acknowledged(matrix.bot)).length,
    posted: () => matrix.texts(matrix.direct),
    failNextSend(failure) {
      const call = "PUT /client/v3/rooms/";
      if (failure === "retry")
        matrix.faults.push({ call, status: 429, body: { errcode: "M_LIMIT_EXCEEDED", error: "Too Many Requests", retry_after_ms: 1_000 } });
      if (failure === "permanent") matrix.faults.push({ call, status: 403, body: { errcode: "M_FORBIDDEN", error: "not in the room" } });
      if (failure === "unknown") matrix.faults.push({ call, drop: true });
    },
    acts: {
      reactions: (id) =>
        ofUs("m.reaction").flatMap(({ content }) => {
          const { event_id: about, key = "" } = (content["m.relates_to"] ?? {}) as { event_id?: string; key?: string };
          return about === id ? [key] : [];
        }),
      pinned: () => (matrix.world.state(matrix.direct).find(({ type }) => type === "m.room.pinned_events")?.content["pinned"] ?? []) as string[],
      polls: () =>
        ofUs(POLL).map(({ content }) => {
          const { question, answers } = content[POLL] as { question: Words; answers: Words[] };
          return `${question[TEXT]}: ${answers.map((one) => one[TEXT]).join("/")}`;
        }),
      missing: "$missing",
      dropNextPoll: () => void matrix.faults.push({ call: "PUT /client/v3/rooms/", drop: true }),
    },
    breakConnection: matrix.refuse,
    until: matrix.until,
    close: bench.close,
  };
});

import type { Stranger } from "../stranger.ts";
import { createBench } from "./harness.ts";

export const stranger: Stranger = async (intake, ends) => {
  const bench = await createBench({ intake });
  ends(() => bench.close());
  bench.start();
  const { program } = bench;
  await program.until(() => bench.channel.status().state === "ready");
  let count = 0;
  const tells = (type: string, more: object) => void program.post({ type, id: `e${++count}`, conversation: "c1", sender: { id: "eve" }, ...more });
  return {
    stranger: "eve",
    does: {
      message: () => tells("message", { text: "hi", media: [{ id: "f1", name: "a.png", type: "image/png", size: 1 }] }),
      edit: () => tells("edit", { message: "e1", text: "changed" }),
      reaction: () => tells("reaction", { message: "e1", emoji: "x" }),
      press: () => tells("press", { message: "e1", data: "ask:ABCDEF:once" }),
      deletion: () => tells("deletion", { message: "e1" }),
    },
    calls: () => program.asked,
  };
};

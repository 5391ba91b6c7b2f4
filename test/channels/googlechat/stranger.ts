import { TOWN } from "../../fakes/googlechat/index.ts";
import type { Stranger } from "../stranger.ts";
import { createBench, target } from "./harness.ts";

export const stranger: Stranger = async (intake, ends) => {
  const bench = await createBench({ intake });
  ends(() => bench.close());
  bench.start();
  const { chat } = bench;
  await chat.until(() => bench.channel.status().state === "ready");
  await bench.channel.send(
    bench.channel.render({ parts: [{ type: "text", text: "?" }], buttons: [{ label: "Yes", data: "ask:ABCDEF:once" }] })[0]!,
    target(TOWN, { thread: "T1" }),
  );
  const by = { from: "100000000000000000066", space: TOWN };
  const tells = (event: Record<string, unknown> & { id: string }) => void chat.deliver(event);
  const file = { contentName: "a.png", contentType: "image/png", attachmentDataRef: { resourceName: "a" }, source: "UPLOADED_CONTENT" };
  return {
    stranger: by.from,
    does: {
      message: () => tells(chat.mention("hi", { ...by, attachment: [file] })),
      press: () => tells(chat.click([...chat.messages.values()][0]!, "Yes", { from: by.from })),
      membership: () => tells(chat.event("REMOVED_FROM_SPACE", by)),
    },
    calls: () => chat.calls.length,
  };
};

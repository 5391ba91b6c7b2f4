import type { Stranger } from "../stranger.ts";
import { createBench, ready } from "./harness.ts";

export const stranger: Stranger = async (intake, ends) => {
  const bench = await createBench({ intake });
  ends(() => bench.close());
  bench.start();
  const { zalo } = bench;
  await ready(bench);
  return {
    stranger: "eve",
    does: {
      message: () => zalo.dispatch(zalo.update("message.image.received", { photo: "https://photo.test/a.jpg", caption: "hi" }, { from: "eve" })),
    },
    calls: () => zalo.calls.filter(({ method }) => !/^(getMe|getWebhookInfo|setWebhook)$/.test(method)).length,
  };
};

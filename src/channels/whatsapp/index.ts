/** Door of the WhatsApp adapter: one account as a Channel, in one of two modes. README.md tells which file does what, QUIRKS.md the platform's facts behind them. */
import type { Channel, ChannelDeps } from "../../core/channel.ts";
import type { CloudTiming } from "./cloud/timing.ts";
import type { WhatsappCloudConfig, WhatsappLinkedConfig } from "./config.ts";
import type { LinkedTiming } from "./linked/timing.ts";

export type { CloudTiming } from "./cloud/timing.ts";
export { isCloudComplete, type WhatsappCloudConfig, type WhatsappLinkedConfig } from "./config.ts";
export type { LinkedTiming } from "./linked/timing.ts";
export { plainMarkdown } from "./render.ts";

/**
 * Loads the mode that the config names, and only that.
 * @param timing for tests: shorter waits.
 * @example const channel = await createWhatsapp({ ...section, mode: "linked", account: "default" }, deps); await channel.start(signal);
 */
export async function createWhatsapp(
  config: WhatsappCloudConfig | WhatsappLinkedConfig,
  deps: ChannelDeps,
  timing: Partial<CloudTiming & LinkedTiming> = {},
): Promise<Channel> {
  if (config.mode === "linked") return (await import("./linked/create-linked.ts")).createLinked(config, deps, timing);
  return (await import("./cloud/create-cloud.ts")).createCloud(config, deps, timing);
}

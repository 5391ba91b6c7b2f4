/** Door of the WhatsApp adapter: one account as a Channel, in one of two modes. README.md tells which file does what, QUIRKS.md the platform's facts behind them. */
import type { Channel, ChannelDeps } from "../../core/channel.ts";
import { createCloud } from "./cloud/create-cloud.ts";
import type { CloudTiming } from "./cloud/timing.ts";
import type { WhatsappCloudConfig } from "./config.ts";

export type { CloudTiming } from "./cloud/timing.ts";
export { isCloudComplete, type WhatsappCloudConfig } from "./config.ts";
export { plainMarkdown } from "./render.ts";

/**
 * @param timing for tests: shorter waits.
 * @example const channel = createWhatsapp({ ...section, mode: "cloud", account: "default" }, deps); await channel.start(signal);
 */
export function createWhatsapp(config: WhatsappCloudConfig, deps: ChannelDeps, timing: Partial<CloudTiming> = {}): Channel {
  return createCloud(config, deps, timing);
}

import type { ChannelDeps } from "../../core/channel.ts";
import type { Health } from "../../lib/channel-health/index.ts";
import type { FileLinks } from "../../lib/file-links/index.ts";
import type { ZaloApi } from "./api.ts";
import type { ZaloAccountConfig } from "./config.ts";
import type { ZaloTiming } from "./timing.ts";

/** What the files of this adapter share about one account. Made by the door, handed to each. */
export interface ZaloAccount {
  readonly config: ZaloAccountConfig;
  readonly deps: ChannelDeps;
  readonly api: ZaloApi;
  readonly timing: ZaloTiming;
  readonly health: Health;
  readonly links: FileLinks;
}

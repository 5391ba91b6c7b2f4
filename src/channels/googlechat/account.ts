import type { ChannelDeps } from "../../core/channel.ts";
import type { Health } from "../../lib/channel-health/index.ts";
import type { TokenVerifier } from "../../lib/signed-tokens/index.ts";
import type { GoogleChatApi } from "./api.ts";
import type { GoogleChatAccountConfig } from "./config.ts";
import type { Signer } from "./proof.ts";
import type { GoogleChatTiming } from "./timing.ts";

/** What the files of this adapter share about one account. Made by the door, handed to each. */
export interface GoogleChatAccount {
  readonly config: GoogleChatAccountConfig;
  readonly deps: ChannelDeps;
  readonly api: GoogleChatApi;
  readonly verifier: TokenVerifier;
  readonly signer: Signer;
  readonly timing: GoogleChatTiming;
  readonly health: Health;
  /** What came in cannot be stored now: that Google answers does not make the account ready. */
  stuck: boolean;
}

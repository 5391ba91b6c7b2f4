import type { ChannelDeps } from "../../core/channel.ts";
import type { Background } from "../../lib/background/index.ts";
import type { Health } from "../../lib/channel-health/index.ts";
import type { TokenVerifier } from "../../lib/signed-tokens/index.ts";
import type { TeamsApi } from "./api.ts";
import type { TeamsAccountConfig } from "./config.ts";
import type { References } from "./references.ts";
import type { TeamsTiming } from "./timing.ts";

/** What the files of this adapter share about one account. Made by the door, handed to each. */
export interface TeamsAccount {
  readonly config: TeamsAccountConfig;
  readonly deps: ChannelDeps;
  readonly api: TeamsApi;
  readonly verifier: TokenVerifier;
  readonly references: References;
  readonly timing: TeamsTiming;
  readonly health: Health;
  readonly background: Background;
  /** Threads in which we have spoken, as `CONVERSATION;messageid=ROOT`, newest last. */
  readonly threads: Set<string>;
  /** Bodies of the last cards with buttons, by the id of their message. */
  readonly cards: Map<string, readonly object[]>;
  /** What came in cannot be stored now: that Microsoft answers does not make the account ready. */
  stuck: boolean;
}

const MAX_THREADS = 2_000;

/** What is said in a thread in which we have spoken is said to us. */
export function spokeIn({ threads }: TeamsAccount, thread: string): void {
  threads.delete(thread);
  threads.add(thread);
  if (threads.size > MAX_THREADS) threads.delete(threads.values().next().value!);
}

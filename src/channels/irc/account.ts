import type { ChannelDeps } from "../../core/channel.ts";
import { StoreError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";
import type { Health } from "../../lib/channel-health/index.ts";
import type { Backoff } from "../../lib/reconnect/index.ts";
import type { IrcAccountConfig } from "./config.ts";
import type { Session } from "./session.ts";
import type { IrcTiming } from "./timing.ts";
import { IrcTrouble } from "./trouble.ts";

/** What the files of this adapter share about one account. Made by the door, handed to each. */
export interface IrcAccount {
  readonly config: IrcAccountConfig;
  readonly deps: ChannelDeps;
  readonly timing: IrcTiming;
  readonly health: Health;
  /** The connection that stands: welcomed by the server. */
  session: Session | undefined;
  /** The nick under which somebody was last seen, by their id. */
  readonly nicks: Map<string, string>;
  /** What came in cannot be stored now: that the server answers does not make the account ready. */
  stuck: boolean;
}

const ADVICE: Readonly<Record<IrcTrouble["code"], string>> = {
  irc_silent: "connecting anew",
  irc_lost: "connecting anew",
  irc_login_refused: "check login, login_password and server_password in channels.irc",
  irc_banned: "ask the network's staff; its words are above",
};

/** Reports why a connection ended or could not be made and waits as long as the reason asks for. Resolves early when `signal` aborts. */
export async function recover({ health, timing, deps }: IrcAccount, error: unknown, wait: { backoff: Backoff; signal: AbortSignal }): Promise<void> {
  const { backoff, signal } = wait;
  if (signal.aborted) return;
  if (error instanceof StoreError) {
    health.trouble("degraded", error.code, `messages cannot be stored: ${error.message}; they wait here`);
    return backoff.wait(signal, error.retryAfterMs);
  }
  if (error instanceof HttpFailure) {
    health.trouble("degraded", "irc_unreachable", `the server does not answer (${error.message}); trying again. Check server, port and tls`);
    return backoff.wait(signal);
  }
  if (error instanceof IrcTrouble) {
    const final = error.code === "irc_login_refused" || error.code === "irc_banned";
    health.trouble(final ? "failed" : "degraded", error.code, `${error.message}; ${ADVICE[error.code]}`);
    return backoff.wait(signal, final ? timing.refusedMs : 0);
  }
  deps.log.error("irc messages could not be handed in", { error });
  health.trouble("degraded", "irc_intake_failed", "messages cannot be handed in; they wait here. See the log");
  return backoff.wait(signal);
}

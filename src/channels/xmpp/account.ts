import type { ChannelDeps } from "../../core/channel.ts";
import { StoreError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";
import type { Health } from "../../lib/channel-health/index.ts";
import type { Backoff } from "../../lib/reconnect/index.ts";
import type { XmppAccountConfig } from "./config.ts";
import type { Room } from "./room.ts";
import type { Session } from "./session.ts";
import type { XmppTiming } from "./timing.ts";
import { XmppTrouble } from "./trouble.ts";

/** What the files of this adapter share about one account. Made by the door, handed to each. */
export interface XmppAccount {
  readonly config: XmppAccountConfig;
  readonly deps: ChannelDeps;
  readonly timing: XmppTiming;
  readonly health: Health;
  /** The connection that stands: logged in. */
  session: Session | undefined;
  /** The rooms of the config, by their addresses. */
  readonly rooms: ReadonlyMap<string, Room>;
  /** Who waits for the answer of a room, by its address: undefined is yes, else why not. */
  readonly pendingJoins: Map<string, (refusal: string | undefined) => void>;
  /** Who waits for what we said in a room to come back, by our own name of it; told the room's name, or "". */
  readonly reflections: Map<string, (name: string) => void>;
  /** What somebody's reactions to a message were when last told, by conversation, message and sender: each telling is of all of them (XEP-0444). */
  readonly reactions: Map<string, ReadonlySet<string>>;
  /** Whether the server keeps what is said for us and names it (XEP-0313, XEP-0359); known once it was asked. */
  archived: boolean;
  /** Where the server takes files, and the largest in bytes; undefined when it takes none. */
  uploads: { readonly service: string; readonly maxBytes: number } | undefined;
  /** What came in cannot be stored now: that the server answers does not make the account ready. */
  stuck: boolean;
}

const MAX_REACTIONS = 5_000;

export function rememberReactions({ reactions }: XmppAccount, key: string, emoji: ReadonlySet<string>): void {
  reactions.delete(key);
  if (emoji.size > 0) reactions.set(key, emoji);
  if (reactions.size > MAX_REACTIONS) reactions.delete(reactions.keys().next().value!);
}

/** A round trip is complete. The account is ready when it is also in all its rooms, and what comes in is taken. */
export function alive({ stuck, rooms, health }: XmppAccount): void {
  if (stuck) return;
  const outside = [...rooms.values()].find((room) => room.refusal !== undefined);
  if (outside === undefined) health.alive();
  else health.trouble("degraded", "xmpp_not_in_room", `not in the room ${outside.jid}: ${outside.refusal}; trying again`);
}

const ADVICE: Readonly<Record<XmppTrouble["code"], string>> = {
  xmpp_silent: "connecting anew",
  xmpp_lost: "connecting anew",
  xmpp_moved: "connecting there",
  xmpp_login_refused: "check jid and password in channels.xmpp",
  xmpp_no_tls: "it is not logged in to without; ask who runs it",
  xmpp_conflict: "another program uses the same account and resource; stop it, or change resource in channels.xmpp",
};

/** Reports why a connection ended or could not be made and waits as long as the reason asks for. Resolves early when `signal` aborts. */
export async function recover({ health, timing, deps }: XmppAccount, error: unknown, wait: { backoff: Backoff; signal: AbortSignal }): Promise<void> {
  const { backoff, signal } = wait;
  if (signal.aborted) return;
  if (error instanceof StoreError) {
    health.trouble("degraded", error.code, `messages cannot be stored: ${error.message}; they wait here and at the server`);
    return backoff.wait(signal, error.retryAfterMs);
  }
  if (error instanceof HttpFailure) {
    health.trouble("degraded", "xmpp_unreachable", `the server does not answer (${error.message}); trying again. Check server, port and security`);
    return backoff.wait(signal);
  }
  if (error instanceof XmppTrouble) {
    const final = ["xmpp_login_refused", "xmpp_no_tls", "xmpp_conflict"].includes(error.code);
    health.trouble(
      error.code === "xmpp_login_refused" || error.code === "xmpp_no_tls" ? "failed" : "degraded",
      error.code,
      `${error.message}; ${ADVICE[error.code]}`,
    );
    return backoff.wait(signal, final ? timing.refusedMs : 0);
  }
  deps.log.error("xmpp messages could not be handed in", { error });
  health.trouble("degraded", "xmpp_intake_failed", "messages cannot be handed in; they wait here and at the server. See the log");
  return backoff.wait(signal);
}

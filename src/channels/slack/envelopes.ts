import { StoreError } from "../../core/errors.ts";
import type { Socket } from "../../core/sockets.ts";
import { createAccountBackoff } from "../../lib/reconnect/index.ts";
import { admit } from "./admit.ts";
import { recover, type SlackAccount } from "./account.ts";
import type { BlockActions, EventCallback, Incoming, SlashCommand } from "./wire.ts";

/** What comes over the socket (docs.slack.dev, "Using Socket Mode"). */
export interface Envelope {
  readonly type?: string;
  readonly envelope_id?: string;
  readonly payload?: unknown;
  /** Of `disconnect`. */
  readonly reason?: string;
  /** Of `hello`: sockets of this app, ours included. */
  readonly num_connections?: number;
}

/** Hands envelopes in, one at a time over all sockets of the account, and acknowledges them. */
export interface Envelopes {
  /** Resolves when it is acknowledged, or given up because the account stops. Never rejects. */
  take(envelope: Envelope, socket: Socket): Promise<void>;
}

/** A fault of ours in one event must not hold up all others for ever: Slack sends it again. */
const MAX_FAULTS = 3;

export function createEnvelopes(account: SlackAccount, signal: AbortSignal): Envelopes {
  let last: Promise<void> = Promise.resolve();
  const handle = async (envelope: Envelope, socket: Socket): Promise<void> => {
    if (signal.aborted) return;
    const incoming = incomingOf(envelope);
    if (incoming !== undefined && !(await taken(account, incoming, signal))) return;
    // Slack repeats what it has no acknowledgement of; a late one, or one on a socket that is gone, costs a duplicate that the key finds out.
    socket.send(JSON.stringify({ envelope_id: envelope.envelope_id }));
  };
  return {
    take(envelope, socket) {
      last = last.then(() => handle(envelope, socket));
      return last;
    },
  };
}

/**
 * While nothing can be stored it is kept here and tried again, because Slack's own three tries may be over before the disk is freed.
 * @returns whether it is committed.
 */
async function taken(account: SlackAccount, incoming: Incoming, signal: AbortSignal): Promise<boolean> {
  const { deps, health } = account;
  const backoff = createAccountBackoff(account);
  for (let faults = 0; !signal.aborted;) {
    try {
      await admit(account, incoming);
      account.stuck = false;
      health.alive();
      return true;
    } catch (error) {
      deps.log.warn("slack event not taken", { error });
      account.stuck = true;
      await recover(account, error, { backoff, signal });
      if (!(error instanceof StoreError) && ++faults >= MAX_FAULTS) break;
    }
  }
  account.stuck = false;
  return false;
}

function incomingOf({ type, payload }: Envelope): Incoming | undefined {
  if (typeof payload !== "object" || payload === null) return undefined;
  if (type === "events_api") return "event" in payload ? { kind: "event", payload: payload as EventCallback } : undefined;
  if (type === "interactive") return { kind: "interactive", payload: payload as BlockActions };
  return type === "slash_commands" ? { kind: "command", payload: payload as SlashCommand } : undefined;
}

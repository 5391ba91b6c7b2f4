import type { Scope } from "../auth/credential.ts";

/** What the gateway keeps of one connection that speaks OpenClaw's frames. */
export interface FrameState {
  /** Set once `connect` was answered. */
  connected: boolean;
  /** A `connect` is being looked at: there is one for each challenge. */
  connecting: boolean;
  /** What it may do: what it asked for of what its credential holds. */
  scopes: readonly Scope[];
  /** Number of the last event sent on this connection. */
  seq: number;
  /** Has asked for changes of sessions. */
  watching: boolean;
}

export function newFrameState(): FrameState {
  return { connected: false, connecting: false, scopes: [], seq: 0, watching: false };
}

import { EventEmitter } from "node:events";
import type { Clock } from "../../../src/core/clock.ts";

export type Json = Record<string, unknown>;

export interface FakeMessage extends Json {
  readonly id: string;
  readonly channel_id: string;
  content: string;
  pinned?: boolean;
  /** Emojis with which the bot has reacted. */
  reacted?: string[];
  readonly author: { readonly id: string; readonly username: string; readonly bot?: boolean };
}

export interface FakeChannel {
  readonly id: string;
  /** 0 a channel of the server, 1 direct, 11 a thread. */
  readonly type: number;
  readonly guild_id?: string;
  readonly parent_id?: string;
  readonly messages: FakeMessage[];
}

/** One dispatch that was made while a session stood. */
export interface Dispatch {
  readonly s: number;
  readonly t: string;
  readonly d: unknown;
}

export interface FakeSession {
  readonly id: string;
  readonly dispatches: Dispatch[];
  /** Highest number that the client has named as read. */
  read: number;
  alive: boolean;
}

/** How the next matching REST call goes wrong. */
export interface Fault {
  readonly method: string;
  readonly path: RegExp;
  readonly status?: number;
  readonly body?: Json;
  readonly headers?: Record<string, string>;
  /** The call is done and its answer never arrives. */
  readonly drop?: boolean;
}

export interface FakeState {
  readonly token: string;
  readonly clock: Clock;
  readonly me: { readonly id: string; readonly username: string; readonly bot: true };
  readonly guild: string;
  readonly channels: Map<string, FakeChannel>;
  readonly faults: Fault[];
  readonly violations: string[];
  readonly calls: { readonly method: string; readonly path: string; readonly body: Json | undefined; readonly at: number }[];
  readonly interactionAnswers: { readonly id: string; readonly body: Json }[];
  readonly files: Map<string, Uint8Array>;
  /** Nonces that are remembered, by channel. */
  readonly nonces: Map<string, FakeMessage>;
  readonly events: EventEmitter;
  session: FakeSession | undefined;
  refusing: boolean;
  nextId(): string;
  dispatch(t: string, d: unknown): void;
  changed(): void;
}

const EPOCH = 1_420_070_400_000n;

export function createState(token: string, clock: Clock): FakeState {
  let last = 0n;
  const state: FakeState = {
    token,
    clock,
    me: { id: "900000000000000001", username: "clanker", bot: true },
    guild: "800000000000000001",
    channels: new Map(),
    faults: [],
    violations: [],
    calls: [],
    interactionAnswers: [],
    files: new Map(),
    nonces: new Map(),
    events: new EventEmitter(),
    session: undefined,
    refusing: false,
    nextId() {
      const id = (BigInt(clock.now()) - EPOCH) << 22n;
      last = id > last ? id : last + 1n;
      return String(last);
    },
    dispatch(t, d) {
      const { session } = state;
      if (session?.alive !== true) return;
      const dispatch = { s: session.dispatches.length + 1, t, d: structuredClone(d) };
      session.dispatches.push(dispatch);
      state.events.emit("dispatch", dispatch);
      state.changed();
    },
    changed: () => void state.events.emit("changed"),
  };
  state.events.setMaxListeners(100);
  return state;
}

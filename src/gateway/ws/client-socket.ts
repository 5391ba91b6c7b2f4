import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import type { Credential } from "../auth/credential.ts";
import type { FrameState } from "../openclaw/frame-state.ts";
import type { SharedSubscription } from "./method-connection.ts";

/** A socket with its state as plain fields: thousands of them are open, so none has closures of its own before it needs them. */
export class ClientSocket extends WebSocket {
  /** Key that limits are counted on. */
  addressKey = "";
  /** The connection below. Nothing may be written to it but whole frames. */
  wire: Duplex | undefined = undefined;
  credential: Credential | undefined = undefined;
  /** From the last challenge, until a proof has used it. */
  nonce: string | undefined = undefined;
  /** Frames seen before authentication. */
  frames = 0;
  /** A pong or frame has come since the last ping. */
  alive = true;
  subscription: SharedSubscription | undefined = undefined;
  /** Number of the last event looked at while behind; -1 = up to date, events are sent as they come. */
  cursor = -1;
  /** Number of the last event sent. */
  lastSeq = 0;
  /** Frames written while the socket was not keeping up. */
  pending = 0;
  onSent: (() => void) | undefined = undefined;
  /** Calls being handled. */
  calls = 0;
  /** The last mutating call, for the next one to wait for. */
  tail: Promise<unknown> | undefined = undefined;
  gone: AbortController | undefined = undefined;
  /** Set when it speaks OpenClaw's frames instead of JSON-RPC. */
  openClaw: FrameState | undefined = undefined;
}

import type { Address } from "./address.ts";
import type { Blobs } from "./blobs.ts";
import type { Clock } from "./clock.ts";
import type { Http, UntrustedHttp } from "./http.ts";
import type { Intake } from "./intake.ts";
import type { Keep } from "./keep.ts";
import type { Log } from "./log.ts";
import type { Media, Message } from "./message.ts";
import type { Metrics } from "./metrics.ts";
import type { Companions, Programs } from "./programs.ts";
import type { Random } from "./random.ts";
import type { Sockets } from "./sockets.ts";
import type { Streams } from "./streams.ts";

/** What a platform can do; the hall never asks a channel for more. */
export interface Capabilities {
  /** Longest text of one part, UTF-16 units after rendering. */
  readonly maxText: number;
  /** Streaming by edit: a sent part can be replaced. */
  readonly edit: boolean;
  readonly typing: boolean;
  readonly media: boolean;
  readonly buttons: boolean;
  readonly threads: boolean;
  /** The same part with the same nonce is delivered once however often it is sent: an interrupted send is repeated, not `unknown`. */
  readonly idempotentSend: boolean;
  /** Least milliseconds between two edits of a preview. */
  readonly editPaceMs: number;
}

/** One rendered piece of an outbound message, stored with its delivery. The shape of `payload` is the channel's own, plain JSON. */
export interface RenderedPart {
  /** What a person reads, for history and tests. */
  readonly text: string;
  readonly payload: unknown;
}

export interface SendTarget {
  readonly address: Address;
  /** Platform id of the message to answer, if the platform shows that. */
  readonly replyTo?: string;
  /** Stable per part: for platforms with idempotent sends. */
  readonly nonce: string;
  /** Set when this part may have been sent before: no try of it is older than this, wall milliseconds. Platforms remember a nonce for some minutes only. */
  readonly triedSince?: number;
  readonly signal: AbortSignal;
}

/** What the platform answered to a send: enough to edit it later. Plain JSON. */
export interface Receipt {
  readonly messageId: string;
}

export interface ChannelStatus {
  readonly state: "stopped" | "starting" | "ready" | "degraded" | "failed";
  /** When the last poll, pong or event round trip was completed (P7), wall milliseconds. */
  readonly lastAliveAt?: number;
  /** When something that somebody did there was last taken in, wall milliseconds. */
  readonly lastEventAt?: number;
  /** Why it is not ready, and what the owner can do. */
  readonly detail?: string;
  readonly code?: string;
  /** How the platform calls the account, e.g. `@my_bot`. */
  readonly identity?: string;
}

export interface FetchedMedia {
  readonly bytes: Uint8Array;
  readonly type: string;
  readonly name?: string;
}

/** The message of the platform that an action is about. */
export interface ActionTarget {
  readonly address: Address;
  /** Platform id of the message. */
  readonly messageId: string;
  readonly signal: AbortSignal;
}

export interface Poll {
  readonly question: string;
  readonly options: readonly string[];
  /** Whether a person may choose several. */
  readonly multiple: boolean;
}

/**
 * What the agent may do in a conversation beyond sending into it. A function is there exactly when the platform can do it: each is one tool, offered where it is there.
 * All throw ChannelError with what the platform answered, and resolve only when it said that it is done.
 */
export interface ChannelActions {
  /** Replaces the text of a message that this account sent. @param markdown rendered as messages are */
  edit?(target: ActionTarget, markdown: string): Promise<void>;
  /** Deletes a message: one of this account, elsewhere only where the platform allows it. */
  delete?(target: ActionTarget): Promise<void>;
  /** @param emoji one Unicode emoji @param on false takes the account's own reaction back */
  react?(target: ActionTarget, emoji: string, on: boolean): Promise<void>;
  pin?(target: ActionTarget, on: boolean): Promise<void>;
  /** Begins a thread at a message. @returns the thread's id, as addresses name it */
  thread?(target: ActionTarget, title: string): Promise<{ readonly thread: string }>;
  poll?(target: Omit<ActionTarget, "messageId">, poll: Poll): Promise<Receipt>;
}

export interface LoginRequest {
  /** The phone's number with its country code, digits alone: asks for a code to type on the phone instead of a picture to scan. */
  readonly phone?: string;
}

/** What the person who links an account has to do now; `linked` is the last step. */
export type LoginStep =
  | { readonly type: "qr"; /** To be drawn as a QR code; takes the place of the one before. */ readonly text: string }
  | { readonly type: "code"; readonly code: string }
  | { readonly type: "linked"; readonly identity: string };

/** For platforms where an account is linked from a phone instead of by a token in the config. Works only while the account is started. */
export interface ChannelLogin {
  /** Ends behind `linked`, or without it when `signal` aborts. @throws ChannelError from the iteration: nothing was linked. */
  link(request: LoginRequest, signal: AbortSignal): AsyncIterable<LoginStep>;
  /** Tells the platform, and forgets the account's keys even when that fails. @throws ChannelError `not_linked` when there was nothing to unlink. */
  unlink(): Promise<void>;
}

/** One account of one platform. Constructors only assign; nothing happens before `start`. */
export interface Channel {
  readonly name: string;
  readonly account: string;
  readonly capabilities: Capabilities;
  /**
   * Receives until `signal` aborts, handing every update to the intake and acknowledging only what it has resolved. Mends its own connection and never rejects
   * for a platform's failure; it reports through `status`. Resolves when everything it opened is closed.
   */
  start(signal: AbortSignal): Promise<void>;
  status(): ChannelStatus;
  /** Pure: the same message gives the same parts. Never empty. Must not throw, whatever the text. */
  render(message: Message): RenderedPart[];
  /** @throws ChannelError whose `failure` says what may be done next. */
  send(part: RenderedPart, target: SendTarget): Promise<Receipt>;
  /** Replaces a sent part; repeating it is safe. @throws ChannelError */
  edit?(receipt: Receipt, part: RenderedPart, target: SendTarget): Promise<void>;
  /** Shows that the assistant is writing; failures are swallowed. */
  typing?(address: Address): Promise<void>;
  /** Bytes of a media reference, called after admission only. @throws ChannelError */
  fetchMedia?(media: Media, signal: AbortSignal): Promise<FetchedMedia>;
  readonly actions?: ChannelActions;
  readonly login?: ChannelLogin;
  /**
   * Forgets what the account itself keeps of these people and can do without, as far as it is started. @param senders ids on this and other platforms
   * @throws StoreError `keep_failed`
   */
  forget?(senders: readonly string[]): Promise<void>;
  /** Mounted at /channels/NAME/webhook and /channels/NAME/ACCOUNT/webhook. */
  webhook?(request: Request): Promise<Response>;
}

export interface ChannelDeps {
  readonly intake: Intake;
  readonly http: Http;
  /** For addresses that people write, such as a file's: public places only. */
  readonly untrusted: UntrustedHttp;
  readonly sockets: Sockets;
  readonly streams: Streams;
  /** Absent where no programs may be started. */
  readonly programs?: Programs;
  readonly blobs: Blobs;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly companions: Companions;
  /** Where the account had read up to (cursor value by name). */
  readonly cursor: (name: string) => Promise<string | undefined>;
  /** The account's own keys, and what else it must not forget; nothing is read or made before its first use. */
  readonly keep: Keep;
}

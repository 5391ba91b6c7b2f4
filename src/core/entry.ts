import type { Label } from "./label.ts";
import type { Message } from "./message.ts";
import type { Principal } from "./principal.ts";

/** Thinking signatures, encrypted reasoning and the like: replayed unchanged to the provider that made it, dropped for any other. */
export interface OpaquePart {
  readonly type: "opaque";
  readonly provider: string;
  readonly data: unknown;
}

export interface ToolCallPart {
  readonly type: "call";
  /** Unique within the session; ours, not the provider's. */
  readonly id: string;
  readonly name: string;
  /** Parsed arguments; `{}` when the model sent nothing. */
  readonly args: unknown;
  /** Set when the arguments were not valid JSON: the call is answered with this error and never run. */
  readonly invalid?: string;
}

export type AssistantPart = { readonly type: "text"; readonly text: string } | { readonly type: "thinking"; readonly text: string } | ToolCallPart | OpaquePart;

/** Where and by whom a message was said: stands with the message, never in the prompt's prefix. */
export interface Envelope {
  readonly channel: string;
  readonly sender?: string;
  readonly direct: boolean;
  /** Wall milliseconds. */
  readonly at: number;
}

/** What one item of a transcript holds. */
export type EntryContent =
  | { readonly role: "user"; readonly message: Message; readonly envelope: Envelope; readonly addressed: boolean }
  | { readonly role: "assistant"; readonly parts: readonly AssistantPart[]; readonly model: string; readonly stop: StopReason }
  | { readonly role: "tool"; readonly callId: string; readonly name: string; readonly text: string; readonly error: boolean }
  | { readonly role: "system"; readonly text: string };

/** `cancelled` and `failed` mark a text that was cut short and kept. */
export type StopReason = "end" | "calls" | "length" | "refusal" | "cancelled" | "failed";

export interface NewEntry {
  readonly content: EntryContent;
  readonly principal: Principal;
  readonly label: Label;
  /** Estimated tokens in a prompt. */
  readonly tokens: number;
  readonly turnId?: string;
  readonly messageId?: string;
  readonly at: number;
}

/** One item of a transcript, numbered from 1 without gaps per session. */
export interface Entry extends NewEntry {
  readonly sessionId: string;
  readonly number: number;
}

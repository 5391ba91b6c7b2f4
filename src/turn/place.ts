import type { AdmissionPolicy } from "../security/admission.ts";
import type { ToolRules } from "../security/tool-rules.ts";
import type { Binding } from "../sessions/bindings.ts";
import type { ResetRule } from "../sessions/reset.ts";
import type { SessionScope } from "../sessions/session-key.ts";

/** How messages of a running turn's session are treated (house.md 2.2). */
export type QueueMode = "queue" | "immediate" | "batch" | "interrupt";

/** What the owner set for one channel account: who may speak, and how the hall treats what is said there. */
export interface Place {
  readonly policy: AdmissionPolicy;
  readonly agent: string;
  /** Those that may fit here; who is bound is answered by their agent instead. */
  readonly bindings?: readonly Binding[];
  /** Person of a sender by their stable id, where the owner has linked identities. */
  readonly people?: ReadonlyMap<string, string>;
  readonly scope: SessionScope;
  /** Default: never. */
  readonly reset?: ResetRule;
  readonly queueMode: QueueMode;
  /** Quiet milliseconds that a batch waits for. */
  readonly batchQuietMs: number;
  /** Which messages are answered; the others are kept as context. */
  readonly replyBack: "always" | "mention" | "direct_only" | "never";
  /** The owner's rules about tools here, and for single senders by their id. */
  readonly tools?: ToolRules | undefined;
  readonly users?: Readonly<Record<string, { readonly tools: ToolRules }>>;
  /** Below the agent's own system prompt. */
  readonly systemPrompt?: string;
}

/** @returns undefined for a channel account that is not configured: nobody may speak there. */
export type Places = (channel: string, account: string) => Place | undefined;

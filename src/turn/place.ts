import type { AdmissionPolicy } from "../security/admission.ts";
import type { ToolRules } from "../security/tool-rules.ts";
import type { SessionScope } from "../sessions/session-key.ts";

/** How messages of a running turn's session are treated (house.md 2.2). */
export type QueueMode = "queue" | "immediate" | "batch" | "interrupt";

/** What the owner set for one channel account: who may speak, and how the hall treats what is said there. */
export interface Place {
  readonly policy: AdmissionPolicy;
  readonly agent: string;
  readonly scope: SessionScope;
  readonly queueMode: QueueMode;
  /** Quiet milliseconds that a batch waits for. */
  readonly batchQuietMs: number;
  readonly replyBack: "always" | "mention" | "direct_only" | "never";
  /** The owner's rules about tools here, and for single senders by their id. */
  readonly tools?: ToolRules | undefined;
  readonly users?: Readonly<Record<string, { readonly tools: ToolRules }>>;
  /** Below the agent's own system prompt. */
  readonly systemPrompt?: string;
}

/** @returns undefined for a channel account that is not configured: nobody may speak there. */
export type Places = (channel: string, account: string) => Place | undefined;

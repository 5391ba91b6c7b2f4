/** What the loop is asked, what it needs of the hall, what it tells while it runs and what it answers. */
import type { Clock } from "../core/clock.ts";
import type { AssistantPart, EntryContent, StopReason, ToolCallPart } from "../core/entry.ts";
import type { ClankerError, ModelError } from "../core/errors.ts";
import type { ModelEntry, ModelRequest, ToolSpec, Usage } from "../core/model.ts";
import type { Random } from "../core/random.ts";
import type { Tool } from "../core/tool.ts";
import type { Thinking } from "../core/update.ts";
import type { ModelChain } from "./model-chain.ts";

export interface AgentRequest {
  readonly system: string;
  /** Context so far: ends with a user message, tool results, or an assistant step whose `pendingCalls` lack results (resume). */
  readonly entries: readonly ModelEntry[];
  /** Calls of the last assistant entry without a recorded result (resume after a crash): they run first. */
  readonly pendingCalls: readonly ToolCallPart[];
  /** The advertised ones. */
  readonly tools: readonly Tool[];
  /** Output tokens of one step. */
  readonly maxTokens: number;
  /** Model calls of the whole turn, those of `stepsDone` included. */
  readonly maxSteps: number;
  readonly stepsDone: number;
  /** Tokens that the whole turn may spend; 0 = no limit. */
  readonly maxTurnTokens: number;
  /** Estimated tokens of `system` and `tools`, if somebody has counted them. */
  readonly fixedTokens?: number;
  /** Estimated tokens that a prompt should not pass: before each call it is made shorter, old tool output first. Default: only when the provider refuses it. */
  readonly maxPromptTokens?: number;
  /** What the turn's committed steps have used. */
  readonly usageDone: Usage;
  /** Running time of this run, milliseconds. */
  readonly timeoutMs: number;
  readonly thinking: Thinking;
  readonly cacheKey: string;
  readonly toolChoice?: ModelRequest["toolChoice"];
  /** The API caller's own tools. When the model calls one, ours of that step run first, then the run ends with kind `calls`. */
  readonly extraTools?: readonly ToolSpec[];
  readonly temperature?: number;
  readonly stop?: readonly string[];
}

export interface AgentDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly chain: ModelChain;
  /** Answers a call; one with `invalid` set is answered with that error and not run. `waiting`: a person has to answer first. Must not throw except StoreError lease_lost. */
  callTool(call: ToolCallPart, signal: AbortSignal): Promise<Extract<EntryContent, { role: "tool" }> | "waiting">;
  /** Looked at when the calls of a step have their results: why the turn may not go on. */
  stopReason?(): ClankerError | undefined;
  /** Asked before each model call: why none may be made any more. */
  refusal?(): Promise<ClankerError | undefined>;
  /** `parts` holds `calls`; those that will not be run carry `invalid`. `estimate`: our own of the prompt, tokens. */
  commitStep(step: {
    parts: readonly AssistantPart[];
    stop: StopReason;
    usage: Usage;
    model: string;
    calls: readonly ToolCallPart[];
    estimate: number;
  }): Promise<void>;
  /** Called between steps, when every call has its result. */
  takeSteering(): Promise<readonly ModelEntry[]>;
  emit(event: AgentEvent): void;
}

export type AgentEvent =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "thinking"; readonly text: string }
  /** The text of this step so far is void, `model` writes it anew. */
  | { readonly type: "restart"; readonly model: string }
  | { readonly type: "call"; readonly call: ToolCallPart }
  | { readonly type: "result"; readonly callId: string; readonly error: boolean }
  /** A model call begins; numbered from 1 within the turn. */
  | { readonly type: "step"; readonly step: number };

export type AgentResult =
  /** The final step: not committed, the hall commits it with the turn. `usage` is of this step alone. Its parts hold no calls. */
  | {
      readonly kind: "answer";
      readonly parts: readonly AssistantPart[];
      readonly stop: StopReason;
      readonly usage: Usage;
      readonly model: string;
      /** Our own of the prompt, tokens. */
      readonly estimate: number;
    }
  /**
   * The API caller's tools were called: `calls`. `parts` and `usage` are what is not committed yet: the whole step, or, when own tools ran in the same step (which
   * committed its text and usage), the callers' calls alone and no usage.
   */
  | { readonly kind: "calls"; readonly parts: readonly AssistantPart[]; readonly calls: readonly ToolCallPart[]; readonly usage: Usage; readonly model: string }
  /** A call of the last committed step waits for a person; the others have their results or have not begun. */
  | { readonly kind: "waiting" }
  /** `text`: what the running step had written. */
  | { readonly kind: "cancelled"; readonly text: string; readonly usage: Usage; readonly model?: string }
  /** Every model is away; `error.retryAfterMs` says when to come back. */
  | { readonly kind: "away"; readonly error: ModelError; readonly text: string }
  /** Codes: step_limit, token_limit, what `refusal` says, turn_timeout, repeat_breaker, call_limit, prompt_too_long, or the model's or store's own. */
  | { readonly kind: "failed"; readonly error: ClankerError; readonly text: string; readonly usage: Usage };

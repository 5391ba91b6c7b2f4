/** Why a run of the agent is ended before there is an answer, and what the person can do. */
import { ClankerError } from "../core/errors.ts";
import type { Usage } from "../core/model.ts";
import { MAX_CALLS, MAX_REPEATS, type Breaker } from "./plan-calls.ts";

export function timeoutError(timeoutMs: number): ClankerError {
  const message = `the turn ran longer than ${Math.round(timeoutMs / 1000)} s`;
  return new ClankerError("turn_timeout", message, { hint: "ask for less at once, or raise agents.timeout_seconds" });
}

export function stepLimit(maxSteps: number): ClankerError {
  return new ClankerError("step_limit", `no answer after ${maxSteps} steps`, { hint: "ask for less at once, or raise agents.max_steps" });
}

export function tokenLimit(maxTurnTokens: number): ClankerError {
  return new ClankerError("token_limit", `no answer after ${maxTurnTokens} tokens`, { hint: "ask for less at once, or raise agents.max_turn_tokens" });
}

export function breakerError(breaker: Breaker): ClankerError {
  const what =
    breaker === "repeat_breaker" ? `the model made the same tool call more than ${MAX_REPEATS} times` : `the model made more than ${MAX_CALLS} tool calls`;
  return new ClankerError(breaker, `${what} in one turn`, { hint: "ask again in other words; if it happens often, try another model" });
}

/** What a provider read again from its cache costs a fraction: it does not count. */
export function spentTokens({ input, output, cacheWrite }: Usage): number {
  return input + output + cacheWrite;
}

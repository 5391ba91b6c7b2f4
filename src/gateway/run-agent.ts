import type { Credential } from "./auth/credential.ts";
import type { GatewayDeps } from "./deps.ts";
import type { TurnResult } from "./methods/schemas.ts";
import { submitMessage, type Submission } from "./submit-message.ts";
import { waitForTurn } from "./wait-for-turn.ts";

export interface Run extends Submission {
  readonly timeoutMs?: number | undefined;
  readonly signal: AbortSignal;
}

/** Sends a message and waits for the end of its turn. The turn is durable: it goes on when the caller leaves. */
export async function runAgent(deps: GatewayDeps, credential: Credential, run: Run): Promise<TurnResult | { command: string; reply: string }> {
  const submitted = await submitMessage(deps, credential, run);
  if (submitted.kind === "command") return { command: submitted.name, reply: submitted.reply };
  return waitForTurn(deps, { messageId: submitted.messageId, turnId: submitted.turnId, timeoutMs: run.timeoutMs, signal: run.signal });
}

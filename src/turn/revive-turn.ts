/**
 * Hall, step 3, after a crash: what an earlier run of this turn has left. The transcript is the journal: finished calls keep their results, a started call that is not
 * idempotent becomes "interrupted, outcome unknown", the others are run.
 */
import type { Entry, ToolCallPart } from "../core/entry.ts";
import type { StartedTurn } from "../core/store.ts";
import { mayRepeat } from "../core/tool.ts";
import { interruptCall, type CallToolDeps } from "./call-tool.ts";
import type { LiveAnswer } from "./live-answer.ts";

/** @returns the calls that still have to be run, in order. */
export async function reviveTurn(started: StartedTurn, live: LiveAnswer, deps: CallToolDeps): Promise<ToolCallPart[]> {
  const { turn, session } = started;
  const entries = (await readAll(started, deps)).filter((entry) => entry.turnId === turn.id);
  const draft = await existingDraft(started, deps);
  live.revive(
    entries
      .filter((entry) => entry.number > (turn.saidEntry ?? 0))
      .map(assistantText)
      .filter((text) => text !== "")
      .join("\n\n"),
    draft,
  );
  const pending: ToolCallPart[] = [];
  for (const record of await deps.store.listCalls({ turnId: turn.id })) {
    if (record.status === "finished" || record.status === "interrupted") continue;
    const call = findCall(entries, record.id) ?? { type: "call" as const, id: record.id, name: record.name, args: record.args };
    const tool = deps.tools.find((one) => one.spec.name === record.name);
    if (record.status === "started" && !mayRepeat(tool, record.args)) await interruptCall(call, started, deps);
    else pending.push(call);
  }
  deps.log.info("turn goes on after an interruption", { turn: turn.id, session: session.key, pending: pending.length });
  return pending;
}

/** The newest entries of the session; a turn's own are among them. */
function readAll({ session }: StartedTurn, deps: CallToolDeps): Promise<Entry[]> {
  return deps.store.readEntries({ sessionId: session.id, before: Number.MAX_SAFE_INTEGER, limit: 500 });
}

async function existingDraft({ turn }: StartedTurn, deps: CallToolDeps) {
  if (turn.draftId === undefined) return undefined;
  const delivery = await deps.store.getDelivery({ id: turn.draftId });
  const receipt = delivery?.parts[0]?.receipt;
  if (delivery?.status === "draft" && receipt) return { id: turn.draftId, receipt };
  // Nobody knows whether that preview was posted; it is given up, the answer will be a message of its own.
  await deps.store.settleDraft({ deliveryId: turn.draftId, now: deps.clock.now() });
  return undefined;
}

function findCall(entries: readonly Entry[], id: string): ToolCallPart | undefined {
  for (const { content } of entries) {
    if (content.role !== "assistant") continue;
    for (const part of content.parts) if (part.type === "call" && part.id === id) return part;
  }
  return undefined;
}

export function assistantText({ content }: Pick<Entry, "content">): string {
  return content.role === "assistant" ? content.parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("") : "";
}

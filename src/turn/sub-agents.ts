/**
 * Hall, beside step 3: a task that one turn hands to another. The child is a turn in a session of its own; the call that wants it stays open and its turn waits in the
 * store, without a lane, as for an approval. What must stay true: the child speaks with its maker's principal and label, with a part of its tools, never more (sec-61); its
 * end and its maker's going on are one commit; whoever nobody waits for is stopped; every wait ends (P5, fault-84).
 */
import { estimateEntry } from "../agent/tokens.ts";
import type { Clock } from "../core/clock.ts";
import type { ToolCallPart } from "../core/entry.ts";
import type { Label } from "../core/label.ts";
import type { Log } from "../core/log.ts";
import { textMessage } from "../core/message.ts";
import { newId, type Random } from "../core/random.ts";
import type { SubAgent, Turn } from "../core/records.ts";
import type { AcceptItem, StartedTurn, Store } from "../core/store.ts";
import { toolsAt, type Delegation, type Tool, type ToolResult } from "../core/tool.ts";
import type { MessageUpdate, SendOptions } from "../core/update.ts";
import { canonicalJson } from "../lib/canonical-json/index.ts";
import { sha256Hex } from "../lib/digest/index.ts";

export interface SubAgentLimits {
  /** How many turns may stand between a sub-agent and a person's turn, itself counted; 0 = there are none. */
  readonly maxDepth: number;
  /** At work at a time for one conversation. */
  readonly maxRunning: number;
  readonly timeoutMs: number;
}

export const DEFAULT_SUB_AGENT_LIMITS: SubAgentLimits = { maxDepth: 1, maxRunning: 4, timeoutMs: 30 * 60_000 };

export interface SubAgents {
  readonly limits: () => SubAgentLimits;
  /** Answers the call of a tool that delegates: its result if there is one. @throws StoreError */
  handOver(call: ToolCallPart, delegation: Delegation, started: StartedTurn, by: Maker): Promise<ToolResult | "waiting">;
  /** A turn has ended: if another one waits for it, that one goes on. */
  ended(turn: Turn): void;
  /** Settles what has ended, was given up or takes too long, and stops whoever nobody waits for. */
  settle(): Promise<void>;
}

/** What the calling turn has. */
export interface Maker {
  readonly tools: readonly Tool[];
  readonly label: { current(): Label };
}

export interface SubAgentsDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly limits: () => SubAgentLimits;
  /** The session may have a turn to run. */
  readonly wake: (sessionId: string) => void;
  /** Stops everything of a session. */
  readonly abort: (sessionId: string) => Promise<void>;
}

const MAX_STEPS = 15;
/** How often one settling looks again: stopping a child may leave children of its own behind. */
const MAX_ROUNDS = 5;

const TASK_PROMPT =
  "You work on one task for another agent, in a conversation of your own. Nobody can be asked back. Your last answer is handed over as the result: make it complete and to the point, and say what could not be done.";

export function createSubAgents(deps: SubAgentsDeps): SubAgents {
  let settling = false;
  let again = false;
  const settleOnce = async () => {
    const [any] = await deps.store.listSubAgents({ working: true, limit: 1 });
    if (any === undefined) return;
    const { settled, stop } = await deps.store.settleSubAgents({ now: deps.clock.now() });
    for (const sessionId of stop) await deps.abort(sessionId);
    for (const { sessionId, status, id } of settled) {
      deps.log.info("a sub-agent has ended", { subAgent: id, status });
      deps.wake(sessionId);
    }
  };
  return {
    limits: deps.limits,
    handOver: (call, delegation, started, by) => handOver({ call, delegation, started, by }, deps),
    ended({ options: { task } }) {
      if (task !== undefined) deps.wake(task.parent);
    },
    async settle() {
      again = true;
      if (settling) return;
      settling = true;
      try {
        for (let round = 0; again && round < MAX_ROUNDS; round += 1) {
          again = false;
          await settleOnce();
        }
      } finally {
        settling = false;
      }
    },
  };
}

/** The tools of a turn: a sub-agent's are those that its maker has given it, and whoever is deep enough hands nothing on. */
export function toolsOf({ options: { task } }: Turn, known: readonly Tool[], { limits }: Pick<SubAgents, "limits">): Tool[] {
  const mayHandOn = (task?.depth ?? 0) < limits().maxDepth;
  return known.filter((tool) => (task === undefined || task.tools.includes(tool.spec.name)) && (tool.delegate === undefined || mayHandOn));
}

interface HandOver {
  readonly call: ToolCallPart;
  readonly delegation: Delegation;
  readonly started: StartedTurn;
  readonly by: Maker;
}

async function handOver(given: HandOver, deps: SubAgentsDeps): Promise<ToolResult | "waiting"> {
  const { call, delegation, started, by } = given;
  // It speaks nowhere: what belongs to the place of a conversation is not handed on.
  const offered = toolsAt(by.tools, undefined).map(({ spec }) => spec.name);
  const unknown = (delegation.tools ?? []).filter((name) => !offered.includes(name));
  if (unknown.length > 0) return refusal(`You cannot give it tools that you do not have: ${unknown.join(", ")}. There are: ${offered.join(", ")}.`);
  const { maxRunning, timeoutMs } = deps.limits();
  const { turn, session, fence } = started;
  const now = deps.clock.now();
  const depth = (turn.options.task?.depth ?? 0) + 1;
  const tools = delegation.tools ?? offered;
  const id = newId(deps.clock, deps.random);
  const item = itemOf(given, { id, depth, tools, now }, deps);
  const data = { call: call.id, sub_agent: id, depth, tools, task: sha256Hex(canonicalJson(delegation.task)) };
  const opened = await deps.store.openSubAgent({
    fence,
    subAgent: {
      id,
      turnId: turn.id,
      callId: call.id,
      rootId: turn.options.task?.root ?? session.id,
      depth,
      childTurn: item.turnId,
      label: by.label.current(),
      expiresAt: now + timeoutMs,
    },
    item,
    most: maxRunning,
    audit: { kind: "agent.spawned", actor: turn.principal.person, session: session.id, turn: turn.id, data },
    now,
  });
  if (opened.kind === "full") return refusal(`${maxRunning} sub-agents of this conversation are at work already. Wait for their results first.`);
  if (opened.kind === "opened") deps.wake(opened.subAgent.childSession);
  return resultOf(opened.subAgent);
}

function refusal(text: string): ToolResult {
  return { text, error: true };
}

export function resultOf({ status, result, label }: SubAgent): ToolResult | "waiting" {
  if (status === "open") return "waiting";
  return { text: result === undefined || result === "" ? "(It gave no answer.)" : result, error: status !== "done", label };
}

/** The child's first message, as if it had come in: from here on it is a turn like any other. */
function itemOf(
  { delegation, started, by }: HandOver,
  { id, depth, tools, now }: { id: string; depth: number; tools: readonly string[]; now: number },
  deps: SubAgentsDeps,
): Exclude<AcceptItem, { kind: "refused" }> {
  const { turn, session } = started;
  // Nothing is delivered there: the result is the delivery.
  const address = { channel: "web", account: "task", conversation: id };
  const message = textMessage(delegation.task);
  const update: MessageUpdate = {
    type: "message",
    key: `task:${id}`,
    address,
    sender: { id: turn.principal.person },
    direct: true,
    at: now,
    messageId: id,
    message,
    addressed: true,
  };
  const messageId = newId(deps.clock, deps.random);
  const turnId = newId(deps.clock, deps.random);
  const content = { role: "user" as const, message, envelope: { channel: "task", direct: true, at: now }, addressed: true };
  const { principal } = turn;
  const label = by.label.current();
  const model = turn.options.model ?? session.settings.model;
  const options: SendOptions = {
    system: TASK_PROMPT,
    task: {
      id,
      depth,
      parent: session.id,
      root: turn.options.task?.root ?? session.id,
      tools,
      maxSteps: Math.min(delegation.maxSteps ?? MAX_STEPS, turn.options.task?.maxSteps ?? Infinity),
    },
    ...(model !== undefined && { model }),
    ...(turn.options.thinking !== undefined && { thinking: turn.options.thinking }),
    ...tokenLimit(delegation.maxTokens, turn.options.maxTurnTokens),
  };
  return {
    kind: "turn",
    channel: address.channel,
    account: address.account,
    key: update.key,
    update,
    messageId,
    turnId,
    session: { id: newId(deps.clock, deps.random), key: `agent:${turn.agent}:task:${id}`, agent: turn.agent },
    principal,
    label,
    queueMode: "queue",
    notBefore: 0,
    claim: false,
    address,
    options,
    entry: { content, principal, label, tokens: estimateEntry(content), turnId, messageId, at: now },
  };
}

/** The lower of what was asked for and what its maker has. */
function tokenLimit(asked: number | undefined, own: number | undefined): { maxTurnTokens?: number } {
  const limits = [asked, own].filter((limit) => limit !== undefined && limit > 0) as number[];
  return limits.length === 0 ? {} : { maxTurnTokens: Math.min(...limits) };
}

/**
 * Beside the hall: tool calls that belong to no turn (`tools.call`, requests without a session). What must stay true: the same gate as in a turn; where a turn has its
 * ledger there is the audit, the intent before the effect (sec-114); nobody waits for an answer of the owner here, so an ask is a refusal that says so.
 */
import { AuthError, RequestError } from "../core/errors.ts";
import { joinLabels, type Label } from "../core/label.ts";
import { labelOf, type Principal } from "../core/principal.ts";
import { newId, type Random } from "../core/random.ts";
import type { Store } from "../core/store.ts";
import type { Effect, Gate, Tool, ToolContext, ToolResult } from "../core/tool.ts";
import { canonicalJson } from "../lib/canonical-json/index.ts";
import { checkArgs } from "../lib/check-args/index.ts";
import { sha256Hex } from "../lib/digest/index.ts";
import { trustedLinks } from "../security/url-provenance.ts";
import { outsideTools, type AgentSettings } from "./agent-settings.ts";
import { clipResult } from "./call-tool.ts";
import type { RecentEntries } from "./recent-entries.ts";
import { runWithin, type RunToolDeps } from "./run-tool.ts";

export interface OutsideCaller {
  readonly principal: Principal;
  readonly agent: string;
  /** Whose context the caller speaks from: what is in it counts as known to them. */
  readonly session?: { readonly id: string; readonly contextStart: number } | undefined;
}

export interface OfferedTool {
  readonly name: string;
  readonly description: string;
  readonly parameters: Record<string, unknown>;
  readonly effects: readonly Effect[];
}

/** Tools for callers of the gateway. */
export interface OutsideTools {
  /** What this caller may at least ask for. @throws RequestError `agent_not_found` */
  list(caller: OutsideCaller): Promise<OfferedTool[]>;
  /**
   * Runs one. A tool that fails answers so: `error` of its result.
   * @throws RequestError `tool_not_found`, `bad_params`, `approval_required`; AuthError `tool_denied`
   */
  call(given: { name: string; args: unknown }, caller: OutsideCaller, signal: AbortSignal): Promise<ToolResult & { readonly label: Label }>;
}

export interface OutsideDeps extends RunToolDeps {
  readonly store: Pick<Store, "appendAudit">;
  readonly random: Random;
  readonly gate: Gate;
  readonly tools: readonly Tool[];
  readonly recent: Pick<RecentEntries, "read">;
  readonly agent: (name: string) => AgentSettings;
  readonly timeZone: string;
  readonly hideSecrets?: (text: string) => string;
}

export function createOutsideTools(deps: OutsideDeps): OutsideTools {
  const offered = async (caller: OutsideCaller) => {
    const context = await contextOf(caller, deps);
    return { context, tools: deps.gate.advertised(context, outsideTools(deps.tools, deps.agent(caller.agent))) };
  };
  return {
    list: async (caller) =>
      (await offered(caller)).tools.map(({ spec: { name, description, parameters }, effects }) => ({ name, description, parameters, effects })),
    async call({ name, args }, caller, signal) {
      const { context, tools } = await offered(caller);
      const tool = tools.find(({ spec }) => spec.name === name);
      if (tool === undefined)
        throw new RequestError("tool_not_found", `no tool ${JSON.stringify(name.slice(0, 64))} is offered to you`, {
          hint: "tools.list shows those there are",
        });
      const wrong = checkArgs(tool.spec.parameters, args);
      if (wrong !== undefined) throw new RequestError("bad_params", `args: ${wrong}`);
      const decision = deps.gate.decide(context, tool, args);
      if (decision.kind === "deny") throw new AuthError("tool_denied", `not permitted: ${decision.reason}`);
      if (decision.kind === "ask") {
        const hint = "ask for it in a conversation (chat.send): there the owner is asked, and the answer lets it through";
        throw new RequestError("approval_required", `the owner has to be asked: ${decision.reason}`, { hint });
      }
      const id = newId(deps.clock, deps.random);
      const result = await runAudited(tool, args, { ...context, sessionId: caller.session?.id ?? id, turnId: id, signal }, deps);
      const label = result.label === undefined ? context.label : joinLabels(context.label, result.label);
      return { text: clipResult(result.text, deps.hideSecrets), error: result.error, label };
    },
  };
}

/** What the caller's context holds: their own words, and everything in the session they name. */
async function contextOf({ principal, agent, session }: OutsideCaller, { recent }: OutsideDeps) {
  const entries = session === undefined ? [] : await recent.read(session);
  const label = entries.reduce((joined, entry) => joinLabels(joined, entry.label), labelOf(principal));
  return { principal, agent, label, trustedLinks: trustedLinks(entries) };
}

/** Runs a call that was let through, with its lines in the audit. @throws StoreError when its intent cannot be written: then nothing has happened. */
export async function runAudited(
  tool: Tool,
  args: unknown,
  context: Omit<ToolContext, "clock" | "timeZone">,
  deps: RunToolDeps & Pick<OutsideDeps, "store" | "timeZone">,
): Promise<ToolResult> {
  const { signal, ...rest } = context;
  const audit = async (kind: string, more: Record<string, unknown>) => {
    if (tool.effects.length === 0) return;
    const data = { tool: tool.spec.name, args: sha256Hex(canonicalJson(args)), outside: context.turnId, ...more };
    await deps.store.appendAudit({ event: { kind, actor: context.principal.person, data }, now: deps.clock.now() });
  };
  await audit("tool.started", { effects: tool.effects });
  const result = await runWithin({ tool, args, context: { ...rest, clock: deps.clock, timeZone: deps.timeZone } }, deps, signal);
  await audit("tool.finished", { error: result.error, result: sha256Hex(result.text) });
  return result;
}

/** Hall, beside step 3: a person asks for a shorter conversation (`/compact`, `sessions.compact`). */
import { contextBudget } from "../agent/context-budget.ts";
import { RequestError } from "../core/errors.ts";
import type { Model } from "../core/model.ts";
import type { Store } from "../core/store.ts";
import type { AgentSettings } from "./agent-settings.ts";
import type { Compacted, Compaction } from "./compaction.ts";
import type { TokenCounts } from "./token-counts.ts";
import { contextLimit } from "./turn-context.ts";

export interface CompactByHandDeps {
  readonly store: Pick<Store, "getSession">;
  readonly compaction: Compaction;
  readonly counts: TokenCounts;
  readonly agent: (name: string) => AgentSettings;
  readonly model: (id: string) => Model;
}

/** @throws RequestError `session_not_found`; ClankerError why it could not be done. */
export function createCompactByHand({ store, compaction, counts, ...deps }: CompactByHandDeps): (sessionId: string) => Promise<Compacted> {
  return async (sessionId) => {
    const session = await store.getSession({ id: sessionId });
    if (session === undefined) throw new RequestError("session_not_found", `no such session: ${sessionId}`);
    const agent = deps.agent(session.agent);
    const model = deps.model(session.settings.model ?? agent.models[0]!);
    const { history: room } = contextBudget({
      limit: contextLimit(agent, model),
      ratio: await counts.ratio(model.id),
      systemTokens: 0,
      toolTokens: 0,
      maxTokens: agent.maxTokens,
    });
    return await compaction.run(sessionId, { room, byHand: true });
  };
}

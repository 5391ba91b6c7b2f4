/** Hall, step 1: which session a message belongs to, by the owner's scope and bindings or as a client of ours has named it. */
import type { Clock } from "../core/clock.ts";
import { RequestError } from "../core/errors.ts";
import type { Principal } from "../core/principal.ts";
import { newId, type Random } from "../core/random.ts";
import type { NewSession, Store } from "../core/store.ts";
import type { Update } from "../core/update.ts";
import { boundAgent } from "../sessions/bindings.ts";
import { agentOfKey, mainKey, sessionKey } from "../sessions/session-key.ts";
import type { Place } from "./place.ts";

interface SessionOfDeps {
  readonly store: Pick<Store, "getSession">;
  readonly clock: Clock;
  readonly random: Random;
}

/** The session that a message belongs to. `scoped`: it is the one that the scope gives, not one that a client has made for itself; the owner's reset rule is about those. */
export async function sessionOf(update: Update, place: Place, principal: Principal, deps: SessionOfDeps): Promise<NewSession & { readonly scoped: boolean }> {
  const options = update.type === "message" ? update.options : undefined;
  const id = newId(deps.clock, deps.random);
  const scopeKey = (agent: string) => (update.authenticated ? mainKey(agent) : sessionKey(agent, place.scope, principal));
  if (options?.session === undefined) {
    const agent = options?.agent ?? boundAgent(place.bindings ?? [], principal) ?? place.agent;
    return { id, key: scopeKey(agent), agent, scoped: true };
  }
  if (options.session.startsWith("agent:")) {
    const agent = agentOfKey(options.session);
    return { id, key: options.session, agent, scoped: options.session === scopeKey(agent) };
  }
  const session = await deps.store.getSession({ id: options.session });
  if (!session || session.endedAt !== undefined) {
    throw new RequestError("session_not_found", `no such session: ${options.session}`, { hint: "clanker sessions list shows what there is" });
  }
  return { id: session.id, key: session.key, agent: session.agent, scoped: false };
}

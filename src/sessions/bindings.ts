import type { Principal } from "../core/principal.ts";

/** Which agent answers where: everything that is named has to fit. */
export interface Binding {
  readonly agent: string;
  readonly channel?: string | undefined;
  readonly account?: string | undefined;
  /** Conversation id of a group; without it a binding with a person is about direct chats alone. */
  readonly group?: string | undefined;
  /** A name of `[people]`, `owner`, or the sender's id on the platform. */
  readonly person?: string | undefined;
}

/** The agent of the most specific binding that fits: group, then person, then account, then channel; of two alike the first one written. Undefined when none fits. */
export function boundAgent(bindings: readonly Binding[], principal: Principal): string | undefined {
  let best: Binding | undefined;
  for (const binding of bindings) if (fits(binding, principal) && (best === undefined || weight(binding) > weight(best))) best = binding;
  return best?.agent;
}

function fits({ channel, account, group, person }: Binding, { where, direct, person: who, sender }: Principal): boolean {
  if (channel !== undefined && channel !== where.channel) return false;
  if (account !== undefined && account !== where.account) return false;
  if (group !== undefined && (direct || group !== where.conversation)) return false;
  if (person === undefined) return true;
  return (direct || group !== undefined) && (person === who || person === sender);
}

function weight({ channel, account, group, person }: Binding): number {
  return (group === undefined ? 0 : 8) + (person === undefined ? 0 : 4) + (account === undefined ? 0 : 2) + (channel === undefined ? 0 : 1);
}

import { joinLabels, maySee, type Label } from "../core/label.ts";
import { audienceOf } from "../core/principal.ts";
import type { StartedTurn } from "../core/store.ts";
import type { Places } from "./place.ts";

/** The label of everything that a running turn has in its context: it begins with what was said and only ever falls. */
export interface TurnLabel {
  current(): Label;
  /** Something came into the context. */
  add(label: Label): void;
}

export function createTurnLabel(first: Label): TurnLabel {
  let label = first;
  return {
    current: () => label,
    add(more) {
      label = joinLabels(label, more);
    },
  };
}

/**
 * Whether everyone at the place the turn came from may see what is in its context. Where the owner has put several people into one session by its scope, that was their
 * decision and nothing of it is private among them.
 */
export function mayAnswerThere(label: Label, { turn }: Pick<StartedTurn, "turn">, places: Places): boolean {
  const { principal } = turn;
  const scope = places(principal.where.channel, principal.where.account)?.scope;
  const shared = scope === "global" || (principal.direct && scope === "per_channel");
  return maySee(shared ? "PRIVATE" : audienceOf(principal), label.confidentiality);
}

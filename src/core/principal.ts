import type { Address } from "./address.ts";
import type { Confidentiality, Label } from "./label.ts";

export type PrincipalClass = "owner" | "trusted" | "guest" | "system";

/** Who speaks in a turn, computed once at ingress from stable ids and stored with it. */
export interface Principal {
  /** Person id; `owner` for every owner identity and the gateway credential. */
  readonly person: string;
  readonly class: PrincipalClass;
  /** Where it was said. */
  readonly where: Address;
  readonly direct: boolean;
  /** Stable platform id of the sender, for the owner's rules per sender; absent for our own clients. */
  readonly sender?: string;
  /** The owner has linked identities of this person: their direct chats are one place, wherever they are. */
  readonly linked?: true;
}

/** A message joins or steers a turn only if this holds (house.md 2.2). */
export function samePrincipal(a: Principal, b: Principal): boolean {
  return (
    a.person === b.person &&
    a.class === b.class &&
    a.where.channel === b.where.channel &&
    a.where.account === b.where.account &&
    a.where.conversation === b.where.conversation &&
    a.where.thread === b.where.thread
  );
}

/** The label of what this principal writes. */
export function labelOf(principal: Principal): Label {
  const integrity = principal.class === "owner" || principal.class === "system" ? "OWNER" : principal.class === "trusted" ? "TRUSTED" : "GUEST";
  return { integrity, confidentiality: audienceOf(principal) };
}

/**
 * The highest confidentiality that everyone at the place of origin may see: the owner's direct chat sees PRIVATE, those of a linked person what is said in any of them,
 * any other place its own conversation. Answering there is no egress as long as the context is not above it.
 */
export function audienceOf({ person, where, direct, linked, class: kind }: Principal): Confidentiality {
  if (direct && kind === "owner") return "PRIVATE";
  // No channel is called `people`.
  return direct && linked === true ? `CONVERSATION:people:${person}` : `CONVERSATION:${where.channel}:${where.account}:${where.conversation}`;
}

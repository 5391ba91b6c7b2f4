import { labelOf, type Principal } from "../core/principal.ts";
import { EXTERNAL, joinLabels, type Label } from "../core/label.ts";
import type { Update } from "../core/update.ts";

/** Who may speak on one channel account; every list holds stable platform ids. An empty list is nobody. */
export interface AdmissionPolicy {
  readonly ownerIds: readonly string[];
  readonly allowedUsers: readonly string[];
  readonly dmPolicy: "pairing" | "allowlist" | "open" | "off";
  readonly groups: {
    readonly policy: "allowlist" | "open" | "off";
    readonly allowed: readonly string[];
    readonly requireMention: boolean;
    readonly trusted: readonly string[];
  };
}

export type Admission =
  /** `person` is `owner`, an authenticated one, or undefined: then the person of the identity. */
  | { readonly kind: "admitted"; readonly class: Principal["class"]; readonly person?: string; readonly addressed: boolean }
  /** `tell`: an unknown person in a direct chat, who is told once how to be let in; `pair`: with a code. */
  | { readonly kind: "refused"; readonly reason: string; readonly tell: boolean; readonly pair: boolean };

/**
 * Step 1 of the hall: may this sender say anything at all? Every kind of update passes here, before any side effect (sec-29, sec-34).
 * @param paired the sender was let in by a code on this account.
 * Pure. Trust in direct chats never carries into groups, nor from one account to another: each account has its own policy (sec-32).
 */
export function admit(update: Update, policy: AdmissionPolicy, paired = false): Admission {
  if (update.authenticated) return { kind: "admitted", class: update.authenticated.class, person: update.authenticated.person, addressed: true };
  // Bots answering each other would never stop (sec-39).
  if (update.sender.bot) return refused("sender is a bot");
  const owner = policy.ownerIds.includes(update.sender.id);
  return update.direct ? admitDirect(update, policy, { owner, paired }) : admitGroup(update, policy, owner);
}

function admitDirect(update: Update, policy: AdmissionPolicy, { owner, paired }: { owner: boolean; paired: boolean }): Admission {
  if (owner) return { kind: "admitted", class: "owner", person: "owner", addressed: true };
  if (policy.dmPolicy === "off") return refused("direct messages are off");
  if (policy.allowedUsers.includes(update.sender.id)) return { kind: "admitted", class: "trusted", addressed: true };
  const pairs = policy.dmPolicy === "pairing";
  if (pairs && paired) return { kind: "admitted", class: "trusted", addressed: true };
  if (policy.dmPolicy === "open" && policy.allowedUsers.includes("*")) return { kind: "admitted", class: "guest", addressed: true };
  const tell = update.type === "message";
  return { kind: "refused", reason: "sender is not allowed", tell, pair: pairs };
}

function admitGroup(update: Update, policy: AdmissionPolicy, owner: boolean): Admission {
  const { groups } = policy;
  if (groups.policy === "off") return refused("groups are off");
  if (groups.policy === "allowlist" && !groups.allowed.includes(update.address.conversation)) return refused("group is not allowed");
  const addressed = update.type === "message" && (update.addressed || !groups.requireMention);
  if (owner) return { kind: "admitted", class: "owner", person: "owner", addressed };
  return { kind: "admitted", class: groups.trusted.includes(update.sender.id) ? "trusted" : "guest", addressed };
}

function refused(reason: string): Admission {
  return { kind: "refused", reason, tell: false, pair: false };
}

/** The immutable principal of an admitted update, and the label of what it says. */
export function principalOf(
  update: Update,
  admission: Extract<Admission, { kind: "admitted" }>,
  { person, linked = false }: { readonly person: string; readonly linked?: boolean },
): { principal: Principal; label: Label } {
  const sender = update.authenticated ? {} : { sender: update.sender.id };
  const principal: Principal = { person, class: admission.class, where: update.address, direct: update.direct, ...sender, ...(linked && { linked }) };
  const own = labelOf(principal);
  return { principal, label: bringsWordsOfOthers(update) ? joinLabels(own, EXTERNAL) : own };
}

/** What is forwarded or quoted was written by somebody whom nobody here has looked at (sec-38). */
function bringsWordsOfOthers(update: Update): boolean {
  if (update.type !== "message" && update.type !== "edit") return false;
  return update.message.quote !== undefined && update.message.quote.own !== true;
}

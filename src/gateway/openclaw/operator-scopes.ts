import { includesScope, type Scope } from "../auth/credential.ts";

const NAMES: readonly (readonly [theirs: string, ours: Scope])[] = [
  ["operator.read", "read"],
  ["operator.write", "write"],
  ["operator.approvals", "approvals"],
  ["operator.pairing", "pairing"],
  ["operator.admin", "admin"],
];

/** Our scopes behind the operator scopes a client asks for; those we have nothing for (`operator.talk` ...) are left out. */
export function scopesOf(asked: readonly string[]): Scope[] {
  return NAMES.filter(([theirs]) => asked.includes(theirs)).map(([, ours]) => ours);
}

/** Their names for what these scopes allow. */
export function operatorScopes(held: readonly Scope[]): string[] {
  return NAMES.filter(([, ours]) => includesScope(held, ours)).map(([theirs]) => theirs);
}

/** What the connection may do: what was asked for of what the credential holds; with nothing asked for, all of it. */
export function narrowed(held: readonly Scope[], asked: readonly string[] | undefined): readonly Scope[] {
  if (asked === undefined || asked.length === 0) return held;
  return scopesOf(asked).filter((scope) => includesScope(held, scope));
}

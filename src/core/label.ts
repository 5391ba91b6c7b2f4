/** Who may have written what is in a context, most trusted first (security.md, Labels). */
export type Integrity = "OWNER" | "TRUSTED" | "GUEST" | "EXTERNAL";

/** Who may read it. `CONVERSATION:ID` is everything said in one place; two different ones join to PRIVATE. */
export type Confidentiality = "PUBLIC" | `CONVERSATION:${string}` | "PRIVATE" | "SECRET";

export interface Label {
  readonly integrity: Integrity;
  readonly confidentiality: Confidentiality;
}

/** Most trusted first. */
export const INTEGRITY: readonly Integrity[] = ["OWNER", "TRUSTED", "GUEST", "EXTERNAL"];

/** The bottom: joining it changes nothing. */
export const BOTTOM: Label = { integrity: "OWNER", confidentiality: "PUBLIC" };

/** What came from outside the house, e.g. a web page: nobody vouches for it, everybody may read it. */
export const EXTERNAL: Label = { integrity: "EXTERNAL", confidentiality: "PUBLIC" };

/** The label of content made from both: the lower integrity, the higher confidentiality. */
export function joinLabels(a: Label, b: Label): Label {
  return { integrity: meetIntegrity(a.integrity, b.integrity), confidentiality: joinConfidentiality(a.confidentiality, b.confidentiality) };
}

/** The less trusted one. A word that is none of the four counts as EXTERNAL. */
export function meetIntegrity(a: Integrity, b: Integrity): Integrity {
  return INTEGRITY[Math.max(rank(a), rank(b))] ?? "EXTERNAL";
}

/** Whether `integrity` is at least as trusted as `least`. */
export function isAtLeast(integrity: Integrity, least: Integrity): boolean {
  return rank(integrity) <= rank(least);
}

function rank(integrity: Integrity): number {
  const index = INTEGRITY.indexOf(integrity);
  return index < 0 ? INTEGRITY.length - 1 : index;
}

export function joinConfidentiality(a: Confidentiality, b: Confidentiality): Confidentiality {
  if (a === b) return a;
  if (a === "SECRET" || b === "SECRET") return "SECRET";
  if (a === "PUBLIC") return b;
  if (b === "PUBLIC") return a;
  return "PRIVATE";
}

/** Whether readers of `place` may see content of `confidentiality`: it is no higher. SECRET is for nobody's eyes. */
export function maySee(place: Confidentiality, confidentiality: Confidentiality): boolean {
  return confidentiality !== "SECRET" && joinConfidentiality(place, confidentiality) === place;
}

export function sameLabel(a: Label, b: Label): boolean {
  return a.integrity === b.integrity && a.confidentiality === b.confidentiality;
}

/** Who may have written what is in a context, most trusted first (security.md, Labels). */
export type Integrity = "OWNER" | "TRUSTED" | "GUEST" | "EXTERNAL";

/** Who may read it. `CONVERSATION:ID` is everything said in one place; two different ones join to PRIVATE. */
export type Confidentiality = "PUBLIC" | `CONVERSATION:${string}` | "PRIVATE" | "SECRET";

export interface Label {
  readonly integrity: Integrity;
  readonly confidentiality: Confidentiality;
}

const INTEGRITY: readonly Integrity[] = ["OWNER", "TRUSTED", "GUEST", "EXTERNAL"];

/** The label of content made from both: the lower integrity, the higher confidentiality. */
export function joinLabels(a: Label, b: Label): Label {
  return {
    integrity: INTEGRITY[Math.max(INTEGRITY.indexOf(a.integrity), INTEGRITY.indexOf(b.integrity))] ?? "EXTERNAL",
    confidentiality: joinConfidentiality(a.confidentiality, b.confidentiality),
  };
}

function joinConfidentiality(a: Confidentiality, b: Confidentiality): Confidentiality {
  if (a === b) return a;
  if (a === "SECRET" || b === "SECRET") return "SECRET";
  if (a === "PUBLIC") return b;
  if (b === "PUBLIC") return a;
  return "PRIVATE";
}

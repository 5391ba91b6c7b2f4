/** Hall, step 1, jobs: a job speaks with its maker's principal and label, never more (security.md; sec-91, sec-93). */
import { joinLabels, type Label } from "../core/label.ts";
import { labelOf, type Principal, type PrincipalClass } from "../core/principal.ts";
import type { JobOrigin, Update } from "../core/update.ts";

const CLASSES: readonly PrincipalClass[] = ["owner", "trusted", "guest"];

export function jobOf(update: Update): JobOrigin | undefined {
  return update.type === "message" ? update.job : undefined;
}

/** What the maker may still be today, but no more than what they were when they made the job; with all that its context has brought along. */
export function boundByJob(update: Update, admitted: { principal: Principal; label: Label }): { principal: Principal; label: Label } {
  const job = jobOf(update);
  if (job === undefined) return admitted;
  const principal: Principal = { ...admitted.principal, class: lesser(admitted.principal.class, job.class) };
  return { principal, label: joinLabels(joinLabels(admitted.label, labelOf(principal)), job.label) };
}

/** `system` and words that nobody knows are less than a guest. */
function lesser(a: PrincipalClass, b: PrincipalClass): PrincipalClass {
  const rank = (one: PrincipalClass) => (CLASSES.includes(one) ? CLASSES.indexOf(one) : CLASSES.length);
  return rank(a) >= rank(b) ? a : b;
}

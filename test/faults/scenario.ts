/**
 * A fault that is done to the real thing. It has a short form that CI runs (seconds) and a long one for `npm run faults -- --long`; both throw when the criterion
 * is missed, and both give the figures that docs/reliability.md shows.
 */
export interface Scenario {
  /** For `--only`; kebab-case. */
  readonly name: string;
  /** A sentence about what must stay true, with the numbers of its cases (`fault-58`). */
  readonly title: string;
  run(size: Size): Promise<Figures>;
}

/** Thrown by a scenario that this machine does not permit: it did not run, and nothing is known. */
export class NotHere extends Error {}

export type Size = "short" | "long";

/** What was measured, by name with its unit. */
export type Figures = Readonly<Record<string, number | string>>;

/** Numbers of the cases that a scenario belongs to. */
export function casesOf({ title }: Scenario): number[] {
  return [...title.matchAll(/fault-(\d+)/g)].map((match) => Number(match[1]));
}

/** Waits until the condition holds, looking every `lookMs`. @throws Error naming `what` after `ms`. */
export async function eventually(what: string, ms: number, condition: () => boolean | Promise<boolean>, lookMs = 20): Promise<number> {
  const from = performance.now();
  while (!(await condition())) {
    if (performance.now() - from > ms) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
  return Math.round(performance.now() - from);
}

import type { Random } from "../../src/core/random.ts";

/** Something that will happen: one step of the world. */
export interface Step {
  at: number;
  /** Chosen by the seed: what falls on the same instant happens in any order, the same one in every replay. */
  readonly tie: number;
  readonly number: number;
  /** Whose step it is; that of a dead process never happens, that of a frozen one happens later. */
  readonly owner: Owner | undefined;
  readonly label: string;
  readonly run: () => void;
  cancelled: boolean;
}

/** A process as the timeline sees it. */
export interface Owner {
  readonly name: string;
  dead: boolean;
  /** Nothing of it happens before this time. */
  frozenUntil: number;
}

/** The queue of the world, ordered by (time, seeded tie, number). Times are milliseconds since the world began. */
export class Timeline {
  now = 0;
  readonly #heap: Step[] = [];
  readonly #random: Random;
  #number = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  get length(): number {
    return this.#heap.length;
  }

  /** @returns what cancels it, at any time. */
  after(ms: number, owner: Owner | undefined, label: string, run: () => void): () => void {
    this.#number += 1;
    const step: Step = { at: this.now + Math.max(0, ms), tie: this.#random.number(), number: this.#number, owner, label, run, cancelled: false };
    this.#push(step);
    return () => void (step.cancelled = true);
  }

  /** Takes the next step that does happen, and moves time to it. */
  next(): Step | undefined {
    for (;;) {
      const step = this.#pop();
      if (step === undefined) return undefined;
      if (step.cancelled || step.owner?.dead) continue;
      if (step.owner && step.owner.frozenUntil > step.at) {
        step.at = step.owner.frozenUntil;
        this.#push(step);
        continue;
      }
      this.now = step.at;
      return step;
    }
  }

  #push(step: Step): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(step);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(step, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = step;
  }

  #pop(): Step | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function isBefore(a: Step, b: Step): boolean {
  return a.at !== b.at ? a.at < b.at : a.tie !== b.tie ? a.tie < b.tie : a.number < b.number;
}

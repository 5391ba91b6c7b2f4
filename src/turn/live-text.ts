/**
 * Hall, step 3, live side: the words of a running step as watchers may see them while they are written. What must stay true: what was shown is what the committed answer
 * says up to there (sec-88): a link that the answer will not have is not shown either, and no part of it. So where links are looked at, whatever could still become one is
 * held back until it is known whole.
 */
import type { TurnLabel } from "./turn-label.ts";

/** What stands on no side of any link, see the patterns of `security/url-provenance`: what is written after it is judged by itself. */
const BETWEEN = /[\s<>"'`|]/u;

export interface LiveText {
  /** @param text what the model has written next. @returns what may be shown now; may be nothing. */
  add(text: string): string;
  /** The step is whole. @returns what was held back. */
  end(): string;
  /** The step is void, and what was shown of it. */
  restart(): void;
}

export function createLiveText(label: Pick<TurnLabel, "outgoing" | "looksAtLinks">): LiveText {
  let held = "";
  return {
    add(text) {
      const whole = held + text;
      if (!label.looksAtLinks()) {
        held = "";
        return whole;
      }
      // Only what is new can hold the end of the last word: what is held back has none.
      let end = text.length;
      while (end > 0 && !BETWEEN.test(text[end - 1]!)) end -= 1;
      const known = end === 0 ? 0 : held.length + end;
      held = whole.slice(known);
      return label.outgoing(whole.slice(0, known));
    },
    end() {
      const rest = label.outgoing(held);
      held = "";
      return rest;
    },
    restart() {
      held = "";
    },
  };
}

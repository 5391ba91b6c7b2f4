/** When a conversation is over by the owner's rule. Decided when a message comes, so that nothing has to wake up for it. */
import type { ResetWhen } from "../core/store.ts";

export type ResetRule =
  | { readonly mode: "never" }
  /** @param minute of the day by the clock of `timeZone`, an IANA name. */
  | { readonly mode: "daily"; readonly minute: number; readonly timeZone: string }
  | { readonly mode: "idle"; readonly minutes: number };

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** What of a session makes it over for a message that comes at `now` (wall milliseconds). */
export function resetWhen(rule: ResetRule, now: number): ResetWhen | undefined {
  if (rule.mode === "daily") return { begunBefore: lastDaily(rule.minute, rule.timeZone, now) };
  return rule.mode === "idle" ? { silentSince: now - rule.minutes * MINUTE_MS } : undefined;
}

/**
 * The newest instant up to `now` at which it became `minute` of a day there. A time that the clock skips in spring is as much later as the clock jumps; one that it shows
 * twice in autumn counts the first time.
 */
export function lastDaily(minute: number, timeZone: string, now: number): number {
  const offsetAt = clockOf(timeZone);
  const today = Math.floor((now + offsetAt(now)) / DAY_MS);
  // A day more on each side: clocks jump by an hour, zones once skipped a whole day.
  for (let day = today + 1; ; day -= 1) {
    const at = instantOf(day * DAY_MS + minute * MINUTE_MS, offsetAt);
    if (at <= now) return at;
  }
}

/** @param local the clock's reading as if it were UTC. */
function instantOf(local: number, offsetAt: (at: number) => number): number {
  const before = offsetAt(local - DAY_MS);
  const after = offsetAt(local + DAY_MS);
  const early = local - Math.max(before, after);
  const late = local - Math.min(before, after);
  if (early + offsetAt(early) === local) return early;
  if (late + offsetAt(late) === local) return late;
  // Skipped: by the offset that held before the jump.
  return local - before;
}

/** How many milliseconds the clock there is ahead of UTC at an instant. One Intl format serves all questions: making one costs more than asking it. */
function clockOf(timeZone: string): (at: number) => number {
  // Asking Intl loads 8 MB of ICU, which a gateway in UTC needs for nothing else.
  if (timeZone === "UTC") return () => 0;
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  return (at) => {
    const parts = format.formatToParts(at);
    const part = (type: string) => Number(parts.find((one) => one.type === type)?.value ?? 0);
    return Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second")) - Math.floor(at / 1000) * 1000;
  };
}

/** When a conversation is over by the owner's rule. Decided when a message comes, so that nothing has to wake up for it. */
import type { ResetWhen } from "../core/store.ts";
import type { ZoneOffset } from "../core/zone-offset.ts";

export type ResetRule =
  | { readonly mode: "never" }
  /** @param minute of the day by the clock of `timeZone`, an IANA name. */
  | { readonly mode: "daily"; readonly minute: number; readonly timeZone: string }
  | { readonly mode: "idle"; readonly minutes: number };

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** What of a session makes it over for a message that comes at `now` (wall milliseconds). */
export function resetWhen(rule: ResetRule, now: number, offsetIn: (timeZone: string) => ZoneOffset): ResetWhen | undefined {
  if (rule.mode === "daily") return { begunBefore: lastDaily(rule.minute, offsetIn(rule.timeZone), now) };
  return rule.mode === "idle" ? { silentSince: now - rule.minutes * MINUTE_MS } : undefined;
}

/**
 * The newest instant up to `now` at which it became `minute` of a day there. A time that the clock skips in spring is as much later as the clock jumps; one that it shows
 * twice in autumn counts the first time.
 */
export function lastDaily(minute: number, offsetAt: ZoneOffset, now: number): number {
  const today = Math.floor((now + offsetAt(now)) / DAY_MS);
  // A day more on each side: clocks jump by an hour, zones once skipped a whole day.
  for (let day = today + 1; ; day -= 1) {
    const at = instantOf(day * DAY_MS + minute * MINUTE_MS, offsetAt);
    if (at <= now) return at;
  }
}

/** @param local the clock's reading as if it were UTC. */
function instantOf(local: number, offsetAt: ZoneOffset): number {
  const before = offsetAt(local - DAY_MS);
  const after = offsetAt(local + DAY_MS);
  const early = local - Math.max(before, after);
  const late = local - Math.min(before, after);
  if (early + offsetAt(early) === local) return early;
  if (late + offsetAt(late) === local) return late;
  // Skipped: by the offset that held before the jump.
  return local - before;
}

import { zoneOffset } from "./zone-offset.ts";

const DAY_MS = 86_400_000;

/** The local midnight at or before an instant, wall milliseconds; where a clock is set forward at midnight, the first instant of the day. An unknown zone is UTC. */
export function startOfDay(at: number, timeZone: string): number {
  const offsetOf = zoneOffset(timeZone);
  const local = at + offsetOf(at);
  const midnight = Math.floor(local / DAY_MS) * DAY_MS;
  // The offset at midnight may be another one than now; asked twice, because the first guess may lie on the wrong side of the change.
  let start = midnight - offsetOf(at);
  for (let i = 0; i < 2; i += 1) start = midnight - offsetOf(start);
  // There are two: the clock is set back to it.
  const earlier = midnight - offsetOf(start - 1);
  if (earlier < start && earlier + offsetOf(earlier) === midnight) start = earlier;
  // There is no such midnight: the day begins with the change.
  if (start + offsetOf(start) < midnight) start += midnight - (start + offsetOf(start));
  return Math.min(start, at);
}

/** What the day of an instant is called in a zone: `2026-11-21`. */
export function dayNames(timeZone: string): (at: number) => string {
  const offsetOf = zoneOffset(timeZone);
  return (at) => new Date(at + offsetOf(at)).toISOString().slice(0, 10);
}

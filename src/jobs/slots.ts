/** Arithmetic of schedules: pure, and the same answer for the same arguments for ever, because a slot is what happens exactly once. */
import { Cron } from "croner";
import type { QuietHours, Schedule } from "../core/job.ts";
import { RequestError } from "../core/errors.ts";

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;

/**
 * The first slot behind `after` (wall milliseconds), undefined when there is none.
 *
 * Summer time, for `cron`: a time that the clock skips is due right after the gap, one that it shows twice is due the first time. Patterns with `*` or a step in minute or hour
 * follow the clock instead: they skip the gap and are due in both repeated hours.
 */
export function nextSlot(schedule: Schedule, after: number): number | undefined {
  if (schedule.kind === "at") return schedule.at > after ? schedule.at : undefined;
  if (schedule.kind === "cron") return cronOf(schedule.pattern, schedule.timeZone).nextRun(new Date(after))?.getTime();
  const { anchor, everyMs, quiet } = schedule;
  const slot = anchor + (Math.floor(Math.max(0, after - anchor) / everyMs) + 1) * everyMs;
  return quiet === undefined ? slot : behindQuiet(slot, everyMs, quiet);
}

/** Slots never lie in the quiet hours: whole steps are left out until they are over. */
function behindQuiet(slot: number, everyMs: number, quiet: QuietHours): number | undefined {
  let at = slot;
  // A day and a night of the longest hours; steps of whole days that always fall into them are refused when they are set.
  for (let round = 0; round < 64; round += 1) {
    const left = minutesOfQuiet(at, quiet);
    if (left === 0) return at;
    at += Math.max(1, Math.ceil((left * MINUTE_MS - (at % MINUTE_MS)) / everyMs)) * everyMs;
  }
  return undefined;
}

/** Minutes until the quiet hours end; 0 outside them. */
function minutesOfQuiet(at: number, { from, to, timeZone }: QuietHours): number {
  if (from === to) return 0;
  const minute = minuteOfDay(at, timeZone);
  const inside = from < to ? minute >= from && minute < to : minute >= from || minute < to;
  return inside ? (to - minute + DAY_MINUTES) % DAY_MINUTES : 0;
}

function minuteOfDay(at: number, timeZone: string): number {
  if (timeZone === "UTC") return Math.floor(at / MINUTE_MS) % DAY_MINUTES;
  const [hours = 0, minutes = 0] = new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" })
    .format(at)
    .split(":")
    .map(Number);
  return hours * 60 + minutes;
}

/** `?` would stand for the moment at which the pattern is read: such a pattern would not name its slots. @throws RequestError `bad_schedule` */
export function cronOf(pattern: string, timeZone: string): Cron {
  if (pattern.includes("?")) throw badSchedule(pattern, "? is not known here");
  try {
    return new Cron(pattern, { timezone: timeZone, mode: "5-part", fixedTimeRule: "no-wildcard" });
  } catch (cause) {
    throw badSchedule(pattern, cause instanceof Error ? cause.message.replace(/^Cron\w*: /, "") : String(cause));
  }
}

export function badSchedule(given: string, why: string): RequestError {
  return new RequestError("bad_schedule", given === "" ? `not a schedule: ${why}` : `not a schedule: ${JSON.stringify(given.slice(0, 100))}: ${why}`, {
    hint: 'use at "2026-12-24T18:00" or "20m", every "30m", or cron "0 9 * * 1-5" with a time zone such as Europe/Berlin',
  });
}

/** Schedules as people, clients and models write them. */
import { Cron } from "croner";
import type { QuietHours, Schedule } from "../core/job.ts";
import type { ScheduleText } from "../core/jobs.ts";
import { RequestError } from "../core/errors.ts";
import { isTimeZone } from "../core/time-zone.ts";
import { badSchedule, cronOf, nextSlot } from "./slots.ts";

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3600_000, d: 86_400_000, w: 7 * 86_400_000 };
/** Shortest `every`, and longest. */
export const EVERY_MS = { least: 10_000, most: 366 * 86_400_000 };
const FARTHEST_MS = 100 * 366 * 86_400_000;

/** @throws RequestError `bad_schedule`, `bad_time_zone` */
export function readSchedule(text: ScheduleText, now: number, ownerZone: string): Schedule {
  const { at, every, cron, timeZone = ownerZone } = text;
  if ([at, every, cron].filter((one) => one !== undefined).length !== 1) throw badSchedule("", "exactly one of at, every and cron is needed");
  checkTimeZone(timeZone);
  if (cron !== undefined) return readCron(cron.trim(), timeZone, now);
  if (every !== undefined) {
    const everyMs = typeof every === "number" ? Math.round(every * 1_000) : durationOf(every);
    if (everyMs === undefined || !(everyMs >= EVERY_MS.least && everyMs <= EVERY_MS.most)) throw badSchedule(String(every), "every is 10s to 366d");
    return { kind: "every", everyMs, anchor: now };
  }
  const instant = readInstant(at!, now, timeZone);
  if (!Number.isFinite(instant)) throw badSchedule(String(at), "this is no time");
  if (instant <= now) throw badSchedule(String(at), "this time is over");
  if (instant - now > FARTHEST_MS) throw badSchedule(String(at), "this time is too far away");
  return { kind: "at", at: instant };
}

function readCron(pattern: string, timeZone: string, now: number): Schedule {
  if (pattern.length > 200) throw badSchedule(pattern, "it is too long");
  cronOf(pattern, timeZone);
  const schedule: Schedule = { kind: "cron", pattern, timeZone };
  if (nextSlot(schedule, now) === undefined) throw badSchedule(pattern, "it never comes");
  return schedule;
}

/** A local time that the clock shows twice is its first one; one that it skips is as much later as the clock jumps. */
function readInstant(at: string | number, now: number, timeZone: string): number {
  if (typeof at === "number") return at;
  const text = at.trim();
  const distance = durationOf(text.replace(/^(\+|in )\s*/, ""));
  if (distance !== undefined) return now + distance;
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/i.test(text)) return Date.parse(text);
  const local = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?$/.exec(text);
  if (local === null) return Number.NaN;
  const [, date = "", minute = "", second = ":00"] = local;
  // Date.parse knows which days exist; croner knows the zone.
  if (new Date(`${date}T${minute}${second}Z`).toJSON()?.slice(0, 10) !== date) return Number.NaN;
  return new Cron(`${date}T${minute}${second}`, { timezone: timeZone }).nextRun(new Date(0))?.getTime() ?? Number.NaN;
}

/** `90s`, `20m`, `1h30m`, `2d` in milliseconds; undefined when it is none. */
export function durationOf(text: string): number | undefined {
  if (!/^(\d{1,9}[smhdw])+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+)([smhdw])/g)].reduce((sum, [, count, unit]) => sum + Number(count) * UNITS[unit!]!, 0);
}

/** @throws RequestError `bad_time_zone` */
export function checkTimeZone(timeZone: string): void {
  if (isTimeZone(timeZone)) return;
  throw new RequestError("bad_time_zone", `there is no time zone ${JSON.stringify(timeZone.slice(0, 100))}`, {
    hint: "use an IANA name such as Europe/Berlin or America/New_York",
  });
}

/** `22:00` as minutes of the day; undefined when it is none. */
export function minutesOf(clock: string): number | undefined {
  const [, hours = "", minutes = ""] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(clock) ?? [];
  return hours === "" ? undefined : Number(hours) * 60 + Number(minutes);
}

/** In words that `readSchedule` and a person understand. */
export function showSchedule(schedule: Schedule): string {
  if (schedule.kind === "at") return `at ${new Date(schedule.at).toISOString().slice(0, 19)}Z`;
  if (schedule.kind === "cron") return `cron ${schedule.pattern} (${schedule.timeZone})`;
  return `every ${showDuration(schedule.everyMs)}${schedule.quiet === undefined ? "" : quietText(schedule.quiet)}`;
}

export function showDuration(ms: number): string {
  let left = Math.round(ms / 1000);
  const parts: string[] = [];
  for (const [unit, size] of [
    ["d", 86_400],
    ["h", 3600],
    ["m", 60],
    ["s", 1],
  ] as const) {
    if (left >= size) parts.push(`${Math.floor(left / size)}${unit}`);
    left %= size;
  }
  return parts.join("") || "0s";
}

function quietText({ from, to, timeZone }: QuietHours): string {
  const clock = (minutes: number) => `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
  return `, not from ${clock(from)} to ${clock(to)} (${timeZone})`;
}

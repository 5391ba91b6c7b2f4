import { isTimeZone } from "../core/time-zone.ts";
import { described, v } from "../lib/schema/index.ts";

const wholeNumber = (least: number, most: number) => v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));
const clock = v.pipe(v.string(), v.regex(/^([01]\d|2[0-3]):[0-5]\d$/, "must be a time such as 22:00"));

const quietHours = v.strictObject({
  from: described(clock, "When the quiet hours begin.", { example: "22:00" }),
  to: described(clock, "When they are over.", { example: "08:00" }),
});

const heartbeat = v.strictObject({
  enabled: described(v.optional(v.boolean(), false), "Asks the model by itself from time to time whether there is something to tell you. It costs tokens."),
  every_minutes: described(v.optional(wholeNumber(5, 720), 30), "Minutes between two looks."),
  prompt: described(v.optional(v.string(), ""), "What it is asked; empty: the usual question. An answer that is just NOTHING is kept from you."),
  model: described(v.optional(v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]+:\S+$/, "must be provider:model"))), "Its model; default: agents.model.", {
    example: "offline:demo",
  }),
  quiet_hours: described(v.optional(quietHours), "No look within these hours."),
  idle_days: described(v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(365)), 3), "It pauses when nobody has talked to the assistant for this long."),
});

/** `[cron]`: scheduled work. */
export const cronConfig = v.strictObject({
  enabled: described(v.optional(v.boolean(), true), "Whether jobs are run; they can be made and looked at in any case."),
  time_zone: described(
    v.optional(v.pipe(v.string(), v.check(isTimeZone, "must be an IANA name such as Europe/Berlin"))),
    "Zone of schedules that name none; default: this machine's.",
    {
      example: "Europe/Berlin",
    },
  ),
  max_jobs: described(v.optional(wholeNumber(1, 100_000), 1000), "Most jobs there may be."),
  keep_runs: described(v.optional(wholeNumber(1, 10_000), 100), "Runs that are remembered per job."),
  pause_after: described(v.optional(wholeNumber(1, 1000), 10), "Failures in a row after which a job is switched off."),
  max_run_hours: described(v.optional(v.pipe(v.number(), v.minValue(0.1), v.maxValue(720)), 26), "A run that takes longer is stopped."),
  heartbeat: described(v.optional(heartbeat, {}), "A look around without being asked; off unless you switch it on."),
});

export type CronConfig = v.InferOutput<typeof cronConfig>;

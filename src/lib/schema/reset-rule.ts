import { isTimeZone } from "../../core/time-zone.ts";
import { described, v } from "./index.ts";

const TIME = /^([01]\d|2[0-3]):[0-5]\d$/;

/** `reset = { mode = "daily", at = "04:00" }`, in `[sessions]` and in channel accounts. */
export const resetRuleSchema = v.strictObject({
  mode: described(
    v.optional(v.picklist(["never", "daily", "idle"]), "never"),
    "When a conversation begins anew by itself: never, daily (the first message after a time of day), idle (the first message after silence).",
  ),
  at: described(v.optional(v.pipe(v.string(), v.regex(TIME, "must be a time such as 04:00")), "04:00"), "Under daily: the time of day."),
  tz: described(
    v.optional(v.pipe(v.string(), v.check(isTimeZone, "must be an IANA name such as Europe/Berlin"))),
    "Under daily: its time zone; default: cron.time_zone, else this machine's.",
    { example: "Europe/Berlin" },
  ),
  minutes: described(v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(525_600)), 60), "Under idle: minutes of silence."),
});

export type ResetRuleConfig = v.InferOutput<typeof resetRuleSchema>;

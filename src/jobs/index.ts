export { createJobs, type JobsDeps, type JobsRoom } from "./create-jobs.ts";
export type { Heartbeat } from "./heartbeat.ts";
export { durationOf, minutesOf, showDuration, showSchedule } from "./read-schedule.ts";

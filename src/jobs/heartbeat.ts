/** The heartbeat: a job that the config makes. Without it the scheduler asks no model for anything by itself (fault-41). */
import type { Job, JobSettings, QuietHours } from "../core/job.ts";
import { labelOf, type Principal } from "../core/principal.ts";
import { NOTHING_TO_SAY } from "../core/job.ts";
import { nextOf } from "./decide.ts";
import { JOBS_ACCOUNT } from "./job-update.ts";
import type { WorkDeps } from "./work-off.ts";

export interface Heartbeat {
  readonly everyMs: number;
  /** Empty: the usual one. */
  readonly prompt: string;
  readonly model?: string;
  readonly quiet?: QuietHours;
  /** It pauses when nobody has talked to the assistant for this long, milliseconds. */
  readonly idleMs: number;
}

export const HEARTBEAT_ID = "heartbeat";

const PROMPT = `Look around: is there anything that the owner should hear of now, such as something you were asked to watch or a date that comes near? If there is, say it in a few words. If there is nothing, answer with the single word ${NOTHING_TO_SAY}.`;

const WHERE = { channel: "web", account: JOBS_ACCOUNT, conversation: "agent:main:job:heartbeat" };
const OWNER: Principal = { person: "owner", class: "owner", where: WHERE, direct: true };

/** Makes the stored job what the config says. */
export async function syncHeartbeat(heartbeat: Heartbeat | undefined, { store, clock }: Pick<WorkDeps, "store" | "clock">): Promise<void> {
  const now = clock.now();
  const old = await store.getJob({ id: HEARTBEAT_ID });
  if (heartbeat === undefined) {
    if (old !== undefined) await store.removeJob({ id: HEARTBEAT_ID, now });
    return;
  }
  const settings = settingsOf(heartbeat);
  if (old !== undefined && sameSettings(old, settings)) return;
  const state = { cursor: now, failures: 0, skipped: 0, revision: old?.revision ?? 0, createdAt: old?.createdAt ?? now, updatedAt: now };
  const job: Job = { ...settings, ...state, ...nextOf(settings, now), id: HEARTBEAT_ID, principal: OWNER, label: labelOf(OWNER) };
  await store.saveJob({ job, ...(old && { revision: old.revision }), most: Infinity });
}

function settingsOf({ everyMs, prompt, model, quiet, idleMs }: Heartbeat): JobSettings {
  return {
    name: "heartbeat",
    agent: "main",
    // Counted from the epoch, so that a restart does not move its slots.
    schedule: { kind: "every", everyMs, anchor: 0, ...(quiet && { quiet }) },
    payload: { kind: "heartbeat", text: prompt === "" ? PROMPT : prompt, idleMs, ...(model !== undefined && { model }) },
    session: { kind: "own" },
    delivery: { kind: "quiet" },
    enabled: true,
    catchUp: "skip",
    catchUpLimit: 1,
    maxDelayMs: 0,
    staggerMs: 0,
    deleteAfterRun: false,
  };
}

/** One that was switched off after failures begins anew with another setting, or is left alone. */
function sameSettings(job: Job, { schedule, payload }: JobSettings): boolean {
  return JSON.stringify([job.schedule, job.payload]) === JSON.stringify([schedule, payload]);
}

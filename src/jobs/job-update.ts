import type { Address } from "../core/address.ts";
import type { Job, JobRun } from "../core/job.ts";
import { textMessage, type Message } from "../core/message.ts";
import type { MessageUpdate, SendOptions } from "../core/update.ts";

/** Where the answer of a job is kept when it goes nowhere else: in its session, as with our own clients. */
export const JOBS_ACCOUNT = "jobs";

/** The session that a run speaks in. */
export function sessionOf(job: Pick<Job, "id" | "agent" | "session">, slot: number): string {
  if (job.session.kind === "key") return job.session.key;
  const own = `agent:${job.agent}:job:${job.id}`;
  return job.session.kind === "own" ? own : `${own}:${slot}`;
}

/**
 * A run as the update that the intake takes. It says who its maker is by their own id, so that receive looks at today's rules: whoever was let out of the house has no
 * jobs in it any more. Its key names the slot, so that the inbox refuses it a second time.
 * @param home where the owner is told things, for jobs that deliver there.
 */
export function updateOf(job: Job, run: JobRun, { now, home }: { now: number; home: Address | undefined }): MessageUpdate {
  const { principal, payload } = job;
  const session = sessionOf(job, run.slot);
  const reminder = payload.kind === "reminder";
  return {
    type: "message",
    key: `job:${run.id}`,
    messageId: `job:${run.id}`,
    address: principal.where,
    sender: { id: principal.sender ?? principal.person, name: `job ${job.name}` },
    direct: principal.direct,
    at: now,
    ...(principal.sender === undefined && { authenticated: { person: principal.person, class: principal.class } }),
    message: reminder ? textMessage(reminderText(payload.text, run, now)) : turnText(job, run),
    addressed: true,
    // A reminder is no part of a conversation; it stands with the session that its maker speaks in anyway.
    options: reminder ? {} : optionsOf(job, session),
    job: { id: job.id, class: principal.class, label: job.label, answerTo: answerTo(job, session, home), ...(reminder && { reminder: true }) },
  };
}

function optionsOf({ agent, payload }: Job, session: string): SendOptions {
  if (payload.kind === "reminder") return {};
  return {
    session,
    agent,
    ...(payload.model !== undefined && { model: payload.model }),
    ...(payload.kind === "message" && payload.thinking !== undefined && { thinking: payload.thinking }),
    ...(payload.kind === "message" && payload.maxTokens !== undefined && { maxTurnTokens: payload.maxTokens }),
  };
}

function answerTo({ delivery }: Job, session: string, home: Address | undefined): Address {
  if (delivery.kind === "address") return delivery.address;
  return (delivery.kind === "owner" ? home : undefined) ?? { channel: "web", account: JOBS_ACCOUNT, conversation: session };
}

function turnText({ name, payload }: Job, run: JobRun): Message {
  const late = run.trigger === "catch_up" ? ` It was due at ${showInstant(run.slot)}.` : "";
  const notice = `This is the scheduled job ${JSON.stringify(name)}; nobody has written just now.${late}`;
  return {
    parts: [
      { type: "notice", text: notice },
      { type: "text", text: payload.text },
    ],
  };
}

/** Who reads a reminder late is told so. */
function reminderText(text: string, run: JobRun, now: number): string {
  return run.trigger === "catch_up" && now - run.slot > 300_000 ? `${text}\n(late: it was due at ${showInstant(run.slot)})` : text;
}

function showInstant(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

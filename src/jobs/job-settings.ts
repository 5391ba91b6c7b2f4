import type { JobDelivery, JobPayload, JobSession, JobSettings } from "../core/job.ts";
import type { JobInput, JobMaker } from "../core/jobs.ts";
import { RequestError } from "../core/errors.ts";
import type { Address } from "../core/address.ts";
import { readSchedule } from "./read-schedule.ts";

/** Longest text of a job, UTF-16 units. */
export const MAX_TEXT = 20_000;
const MAX_NAME = 100;
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/** What the house knows of itself; all of it may change while a job stands. */
export interface JobRules {
  readonly timeZone: string;
  readonly agents: () => readonly string[];
  /** Whether anything is ever sent there. */
  readonly reaches: (address: Address) => boolean;
  /** @throws when no such model can be asked. */
  readonly requireModel: (id: string) => unknown;
}

/**
 * A new job's settings, or those of `old` with changes.
 * @throws RequestError as `Jobs` says
 */
export function settingsOf(input: JobInput, context: { maker: JobMaker; now: number; old?: JobSettings }, rules: JobRules): JobSettings {
  const { maker, now, old } = context;
  if (old === undefined && input.schedule === undefined) throw badJob("a job needs a schedule");
  const payload = payloadOf(input, old?.payload, rules);
  const schedule = input.schedule === undefined ? old!.schedule : readSchedule(input.schedule, now, rules.timeZone);
  const agent = input.agent ?? old?.agent ?? "main";
  if (!rules.agents().includes(agent))
    throw new RequestError("agent_not_found", `no agent ${JSON.stringify(agent)}`, { hint: `there are: ${rules.agents().join(", ")}` });
  const owner = maker.principal.class === "owner";
  const session = input.session === undefined ? (old?.session ?? { kind: "own" as const }) : readSession(input.session, maker, agent, owner);
  if (session.kind === "key" && !session.key.startsWith(`agent:${agent}:`)) throw badJob(`the session ${session.key} is not one of the agent ${agent}`);
  const settings: JobSettings = {
    name: input.name ?? old?.name ?? nameFrom(payload.text),
    agent,
    schedule,
    payload,
    session,
    delivery: deliveryOf(input.deliver, { maker, owner, old: old?.delivery, reminder: payload.kind === "reminder" }, rules),
    enabled: input.enabled ?? old?.enabled ?? true,
    catchUp: input.catchUp ?? old?.catchUp ?? "once",
    catchUpLimit: input.catchUpLimit ?? old?.catchUpLimit ?? 10,
    maxDelayMs: input.maxDelayMs ?? old?.maxDelayMs ?? 0,
    staggerMs: input.staggerMs ?? old?.staggerMs ?? 0,
    deleteAfterRun: input.deleteAfterRun ?? old?.deleteAfterRun ?? schedule.kind === "at",
  };
  checkSettings(settings);
  return settings;
}

function payloadOf(input: JobInput, old: JobPayload | undefined, rules: JobRules): JobPayload {
  const kind = input.kind ?? (old?.kind === "reminder" ? "reminder" : "message");
  const text = input.text ?? old?.text;
  if (text === undefined || text.trim() === "") throw badJob("a job needs a text");
  if (kind === "reminder") {
    if ([input.model, input.thinking, input.maxTokens].some((one) => one !== undefined)) throw badJob("a reminder asks no model");
    if (input.session !== undefined) throw badJob("a reminder stands in no session: it is delivered as it is");
    return { kind, text };
  }
  const before = old?.kind === "message" ? old : undefined;
  const { model = before?.model, thinking = before?.thinking, maxTokens = before?.maxTokens } = input;
  if (input.model !== undefined) rules.requireModel(input.model);
  return { kind, text, ...(model !== undefined && { model }), ...(thinking !== undefined && { thinking }), ...(maxTokens !== undefined && { maxTokens }) };
}

function readSession(given: string, { session }: JobMaker, agent: string, owner: boolean): JobSession {
  if (given === "own" || given === "fresh") return { kind: given };
  if (!/^agent:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_.%~!*'()-]{1,200}){1,8}$/.test(given)) throw badJob("session is own, fresh or a session key");
  // Whoever speaks in a session may have a job speak in it; only the owner reaches into those of others (sec-110).
  if (!owner && given !== session) throw badJob(`no session ${JSON.stringify(given.slice(0, 100))} of agent ${agent} is yours`);
  return { kind: "key", key: given };
}

interface DeliveryContext {
  readonly maker: JobMaker;
  readonly owner: boolean;
  readonly old: JobDelivery | undefined;
  readonly reminder: boolean;
}

function deliveryOf(given: JobInput["deliver"], { maker, owner, old, reminder }: DeliveryContext, rules: JobRules): JobDelivery {
  const { where } = maker.principal;
  const here: JobDelivery = where.channel === "web" ? { kind: owner ? "owner" : "quiet" } : { kind: "address", address: where };
  const wanted: JobDelivery =
    given === undefined ? (old ?? here) : given === "quiet" || given === "owner" ? { kind: given } : { kind: "address", address: given };
  if (wanted.kind === "quiet" && reminder) throw badJob("a reminder has to go somewhere: deliver it to the owner or to an address");
  if (given === undefined) return wanted;
  if (wanted.kind === "owner" && !owner) throw badJob("only the owner's jobs go to the owner");
  if (wanted.kind === "address") {
    if (!owner && !samePlace(wanted.address, where)) throw badJob("deliver is quiet, or the place where you are");
    if (wanted.address.channel === "web" || !rules.reaches(wanted.address)) {
      throw new RequestError("channel_not_found", `no such channel: ${wanted.address.channel}:${wanted.address.account}`, {
        hint: "clanker channels list shows what there is",
      });
    }
  }
  return wanted;
}

function samePlace(a: Address, b: Address): boolean {
  return a.channel === b.channel && a.account === b.account && a.conversation === b.conversation && a.thread === b.thread;
}

function checkSettings({ name, payload, catchUpLimit, maxDelayMs, staggerMs, schedule }: JobSettings): void {
  if (name.trim() === "" || name.length > MAX_NAME || CONTROLS.test(name)) throw badJob(`a name has 1 to ${MAX_NAME} characters on one line`);
  if (payload.text.length > MAX_TEXT) throw badJob(`the text is longer than ${MAX_TEXT} characters`);
  if (!isWhole(catchUpLimit, 1, 1000)) throw badJob("catch_up_limit is 1 to 1000");
  if (!isWhole(maxDelayMs, 0, 366 * 86_400_000)) throw badJob("max_delay is up to 366d");
  if (!isWhole(staggerMs, 0, 86_400_000)) throw badJob("stagger is up to 1d");
  if (schedule.kind === "every" && staggerMs > schedule.everyMs) throw badJob("stagger is longer than the time between two runs");
}

function isWhole(number: number, least: number, most: number): boolean {
  return Number.isSafeInteger(number) && number >= least && number <= most;
}

/** The first words of the text. */
function nameFrom(text: string): string {
  const line = text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ")
    .trim()
    .replace(/\s+/g, " ");
  const name = line.length <= 40 ? line : `${line.slice(0, 39).replace(/[\uD800-\uDBFF]$/u, "")}…`;
  return name === "" ? "job" : name;
}

export function badJob(why: string): RequestError {
  return new RequestError("bad_job", why, { hint: "clanker cron add --help shows what a job may have" });
}

import type { Random } from "../../src/core/random.ts";
import type { QueueMode } from "../../src/turn/place.ts";

/** Chance of each fault where it could happen; rates are per simulated hour. All chosen by the seed, several of them none in most worlds. */
export interface Faults {
  /** A process dies at a port, before or after the call. */
  crash: number;
  /** A process dies between two steps. */
  crashBetween: number;
  /** Part of the deaths that are a power cut: everything dies, and what was lazy may be gone. */
  powerCut: number;
  /** A process stands still for up to two leases. */
  freezesPerHour: number;
  restartsPerHour: number;
  /** One batch of the disk fails. */
  ioError: number;
  diskFullPerHour: number;
  slowDisk: number;
  /** The request did not leave, was refused for a while, may have arrived, was refused for good, hangs. */
  sendRefused: number;
  send429: number;
  sendDoubt: number;
  sendForbidden: number;
  sendHangs: number;
  platformDownPerHour: number;
  modelCut: number;
  model429: number;
  modelHangs: number;
  modelSlow: number;
  modelRefuses: number;
  modelTooLong: number;
  modelOutagesPerHour: number;
  toolHangs: number;
  toolFails: number;
  /** An update is delivered once more. */
  duplicate: number;
  wallJumpsPerHour: number;
}

export interface Climate {
  /** One home, or two gateways on one database. */
  readonly gateways: 1 | 2;
  readonly queueMode: QueueMode;
  readonly idempotentSend: boolean;
  readonly edit: boolean;
  readonly intake: "poll" | "webhook";
  /** Reads take time, as those of a database server. */
  readonly slowReads: boolean;
  /** Mean milliseconds between two messages of all people. */
  readonly gapMs: number;
  /** Somebody makes, changes and removes scheduled work. */
  readonly jobs: boolean;
  /** The model is asked by itself from time to time. */
  readonly heartbeat: boolean;
  readonly faults: Readonly<Faults>;
}

/** Highest values; each seed takes between a hundredth of them and all, or nothing. */
const MOST: Faults = {
  crash: 0.004,
  crashBetween: 0.003,
  powerCut: 1,
  freezesPerHour: 40,
  restartsPerHour: 30,
  ioError: 0.05,
  diskFullPerHour: 20,
  slowDisk: 0.2,
  sendRefused: 0.3,
  send429: 0.2,
  sendDoubt: 0.2,
  sendForbidden: 0.05,
  sendHangs: 0.05,
  platformDownPerHour: 10,
  modelCut: 0.3,
  model429: 0.2,
  modelHangs: 0.05,
  modelSlow: 0.3,
  modelRefuses: 0.05,
  modelTooLong: 0.05,
  modelOutagesPerHour: 5,
  toolHangs: 0.1,
  toolFails: 0.2,
  duplicate: 0.5,
  wallJumpsPerHour: 10,
};

/** @param subjects chance of its own, so that a world that leaves a subject out lives on as it did before there was that subject. */
export function climateOf(random: Random, subjects: Random): Climate {
  const dice = (sides: number) => Math.floor(random.number() * sides);
  const one = <T>(...list: readonly T[]): T => list[dice(list.length)]!;
  const faults = Object.fromEntries(
    Object.entries(MOST).map(([name, most]) => [name, random.number() < 0.4 ? 0 : most * 10 ** (-2 * random.number())]),
  ) as unknown as Faults;
  return {
    gateways: one(1, 1, 2),
    queueMode: one("queue", "queue", "batch", "immediate", "interrupt"),
    idempotentSend: dice(2) === 0,
    edit: dice(4) > 0,
    intake: one("poll", "webhook"),
    slowReads: dice(3) === 0,
    gapMs: 500 * 400 ** random.number(),
    faults: { ...faults, powerCut: random.number() },
    ...subjectsOf((part) => subjects.number() < part),
  };
}

function subjectsOf(lives: (part: number) => boolean): Pick<Climate, "jobs" | "heartbeat"> {
  const jobs = lives(0.4);
  return { jobs, heartbeat: jobs && lives(0.5) };
}

/** No fault at all: what the world becomes at its end, so that everything can come to rest. */
export const CALM: Faults = Object.fromEntries(Object.keys(MOST).map((name) => [name, 0])) as unknown as Faults;

/** What is taken away from the program, one thing at a time, to see whether the simulator notices (the mutation check of fault-87). */
import { DURABILITY } from "../../src/core/store.ts";
import type { OperationName } from "../../src/store/operations/operations.ts";
import type { Climate } from "./climate.ts";
import type { Mutant } from "./mutant.ts";
import { LIVED_IN, SUBJECTS } from "./mutants-of-subjects.ts";
import { without } from "./without.ts";
import { runWorld, type WorldOptions } from "./world.ts";

const UNIQUE: readonly Mutant[] = [
  {
    name: "the unique key of updates, and the look-up before it",
    mutation: {
      schema: ["DROP INDEX inbox_key"],
      rewrite: without(["WHERE i.channel = ? AND i.account = ? AND i.key = ?", "WHERE i.channel = ? AND i.account = ? AND i.key = ? AND 1 = 0"]),
    },
  },
  {
    name: "the look-up before the unique key of updates",
    mutation: { rewrite: without(["WHERE i.channel = ? AND i.account = ? AND i.key = ?", "WHERE i.channel = ? AND i.account = ? AND i.key = ? AND 1 = 0"]) },
  },
  {
    name: "the one current session of a key, and the look-up before it",
    mutation: {
      schema: ["DROP INDEX sessions_current"],
      rewrite: without(["WHERE key = ? AND ended_at IS NULL", "WHERE key = ? AND ended_at IS NULL AND 1 = 0"]),
    },
  },
  {
    name: "the senders that were refused before",
    mutation: {
      schema: ["CREATE TABLE refused_again (channel TEXT, account TEXT, sender_id TEXT, at BIGINT)"],
      rewrite: without(["INSERT INTO refused_senders", "INSERT INTO refused_again"]),
    },
  },
];

const FENCES: readonly Mutant[] = [
  {
    name: "the check of the fence",
    mutation: {
      rewrite: without([
        "SELECT fence FROM leases WHERE lease = ? AND owner = ? AND fence = ?",
        "SELECT fence FROM leases WHERE lease = ? AND (owner = ? OR 1 = 1) AND (fence = ? OR 1 = 1)",
      ]),
    },
  },
  {
    name: "the number of the fence",
    mutation: { rewrite: without(["fence = leases.fence + 1", "fence = leases.fence"]) },
  },
  {
    name: "the check that a lease is free",
    mutation: { rewrite: without(["WHERE leases.owner IS NULL OR leases.expires_at <= ?", "WHERE leases.owner IS NULL OR leases.expires_at <= ? OR 1 = 1"]) },
  },
  {
    name: "the release of a lease",
    mutation: { rewrite: without(["UPDATE leases SET owner = NULL, expires_at = 0 WHERE lease", "UPDATE leases SET fence = fence WHERE lease"]) },
  },
  {
    name: "the leases of the dead process at a start",
    mutation: {
      rewrite: without(["UPDATE leases SET owner = NULL, expires_at = 0 WHERE owner IS NOT NULL", "UPDATE leases SET fence = fence WHERE owner IS NOT NULL"]),
    },
  },
  {
    name: "the doubt about an interrupted send",
    mutation: { rewrite: without(["CASE WHEN ? = 1 OR receipt IS NOT NULL THEN 'queued'", "CASE WHEN ? = 1 OR 1 = 1 THEN 'queued'"]) },
  },
  {
    name: "the line of a call that was begun",
    mutation: { rewrite: without(["SET status = 'started', started_at = ?", "SET status = 'planned', started_at = ?"]) },
  },
  {
    name: "the order of one conversation",
    mutation: {
      rewrite: without(
        ["SELECT MIN(o.seq) AS first FROM deliveries o WHERE", "SELECT o.seq AS first FROM deliveries o WHERE"],
        ["GROUP BY o.conversation) oldest", ") oldest"],
      ),
    },
  },
  {
    name: "the refusal of a preview while something is on its way there",
    mutation: {
      rewrite: without(["SELECT id FROM deliveries WHERE status = 'open' AND channel", "SELECT id FROM deliveries WHERE status = 'none' AND channel"]),
    },
  },
  {
    name: "the wait of an answer for the preview of an earlier one",
    mutation: { rewrite: without(["draft.turn_id <> o.turn_id AND t.ended_at IS NULL", "draft.turn_id <> o.turn_id AND 1 = 0"]) },
  },
  {
    name: "the counter of attempts",
    mutation: { rewrite: without(["SET status = 'running', attempts = ?, started_at", "SET status = 'running', attempts = 0 * ?, started_at"]) },
  },
];

/** What no world does, or too seldom: the desks of devices, memories and pairings, words about the audit, deliveries of yesterday, a restored backup, archives, branches. The store's contract holds them. */
const NOT_LIVED: ReadonlySet<OperationName> = new Set<OperationName>([
  "endorseEntries",
  "answerPairing",
  "appendAudit",
  "addCheckpoint",
  "expireDeliveries",
  "removeJob",
  "finishJobRun",
  "spend",
  "compactContext",
  "expireApprovals",
  "requestDevice",
  "approveDevice",
  "rejectDevice",
  "setDeviceToken",
  "revokeDevice",
  "saveMemory",
  "forgetMemory",
  "settleRestored",
  "archiveSession",
  "branchSession",
]);

/** Every operation that must be on disk before its answer, committed as if it need not be. */
const LAZY: readonly Mutant[] = (Object.keys(DURABILITY) as OperationName[])
  .filter((name) => DURABILITY[name] === "full" && !NOT_LIVED.has(name))
  .map((name) => ({ name: `the disk sync of ${name}`, mutation: { lazy: name }, powerCuts: true, climate: LIVED_IN[name] ?? {} }));

export const MUTANTS: readonly Mutant[] = [...UNIQUE, ...FENCES, ...SUBJECTS, ...LAZY];

/** The rooms beside the hall are lived in only where a mutant asks for them: they cost time, and what the hall's own mutants do would be seldomer. */
const HALL_ALONE: Partial<Climate> = { jobs: false, heartbeat: false, narrow: false, helpers: false, forgets: false, approvalMs: 1_200_000 };

const LONG = { seeds: 24, options: { steps: 8_000 } };
const POWER_CUTS = { seeds: 340, options: { steps: 1_200, faults: { crashBetween: 0.03, powerCut: 1, diskFullPerHour: 0, ioError: 0 } } };

/** Where a hunt has been long before: there it begins, be it behind the others. A seed that catches nothing any more only costs its own time. */
const CAUGHT_BY: Readonly<Record<string, number>> = {
  "the look-up before the unique key of updates": 2,
  "the order of one conversation": 5,
  "the disk sync of enqueueDelivery": 60,
  "the disk sync of settleDraft": 28,
  "the disk sync of setSetting": 25,
  "the disk sync of cancelQueued": 60,
  "the wait of an answer for the preview of an earlier one": 3,
  "the refusal of a preview while something is on its way there": 2,
  "the disk sync of suspendTurn": 74,
  "the disk sync of cancelWaiting": 122,
  "the disk sync of addPerson": 15,
  "the disk sync of takeSteering": 99,
  "the disk sync of postponeTurn": 100,
  "the disk sync of openApproval": 108,
  "the disk sync of answerApproval": 55,
  "the disk sync of tellApproval": 520,
  "the disk sync of openDraft": 25,
  "the disk sync of createSession": 202,
  "the disk sync of resetSession": 83,
  "the disk sync of deleteSession": 14,
  "the disk sync of setEntryMessage": 5,
  "the disk sync of putBlob": 28,
  "the counter of attempts": 4,
  "the disk sync of commitStep": 17,
  "the disk sync of startCall": 4,
  "the disk sync of patchSession": 25,
  "the disk sync of saveJob": 9,
  "the disk sync of planJobRuns": 113,
  "the disk sync of startJobRun": 92,
  "the disk sync of openSubAgent": 27,
  "the disk sync of settleSubAgents": 4,
  "the disk sync of purgePerson": 25,
  "the fence of the jobs": 2,
  "the wait of a slot for the run before": 5,
  "the forgetting of somebody's jobs": 17,
  "the forgetting of the runs of somebody's jobs": 24,
  "the most helpers of a conversation": 4,
};

/** The seeds of a hunt in its order. */
function seedsFor(name: string, count: number): number[] {
  const first = CAUGHT_BY[name];
  const all = Array.from({ length: count }, (_, index) => index + 1);
  return first === undefined ? all : [first, ...all.filter((seed) => seed !== first)];
}

/** Tries one seed after the other. @returns what noticed the mutant first, undefined when it survives. */
export async function hunt({ name, mutation, powerCuts, climate = {} }: Mutant, more: WorldOptions = {}): Promise<string | undefined> {
  for (const { seeds, options } of powerCuts ? [POWER_CUTS, LONG] : [LONG])
    for (const seed of seedsFor(name, seeds)) {
      const { violations } = await runWorld(seed, { ...options, mutation, climate: { ...HALL_ALONE, ...climate }, ...more });
      if (violations[0]) return `seed ${seed}: ${violations[0].promise}: ${violations[0].text}`;
    }
  return undefined;
}

/** Whether the unchanged program keeps every promise in the long worlds of the hunt and a part of the short ones: else nothing is proved by it. @returns what it broke. */
export async function huntNothing(): Promise<string | undefined> {
  for (const { seeds, options } of [LONG, POWER_CUTS].map((some) => ({ ...some, seeds: Math.ceil(some.seeds / 5) })))
    for (let seed = 1; seed <= seeds; seed += 1) {
      const { violations } = await runWorld(seed, options);
      if (violations[0]) return `seed ${seed}: ${violations[0].promise}: ${violations[0].text}`;
    }
  return undefined;
}

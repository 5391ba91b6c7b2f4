/** Mutants of the rooms beside the hall: jobs, summaries, helpers, forgetting. Each needs a world that has the room. */
import type { OperationName } from "../../src/store/operations/operations.ts";
import type { Climate } from "./climate.ts";
import type { Mutant } from "./mutant.ts";
import { without } from "./without.ts";

const JOBS: Partial<Climate> = { jobs: true };
const GUARD = "SELECT fence FROM leases WHERE lease = ? AND owner = ? AND fence = ?";

/** Without the fence of these operations alone. */
function unfenced(...names: readonly OperationName[]): (sql: string, operation: OperationName) => string {
  const open = without([GUARD, GUARD.replace("owner = ? AND fence = ?", "(owner = ? OR 1 = 1) AND (fence = ? OR 1 = 1)")]);
  return (sql, operation) => (names.includes(operation) ? open(sql) : sql);
}

const OF_JOBS: readonly Mutant[] = [
  {
    name: "the unique key of job and slot",
    climate: JOBS,
    mutation: {
      schema: ["ALTER TABLE job_runs RENAME TO keyed_runs", "CREATE TABLE job_runs AS SELECT * FROM keyed_runs", "DROP TABLE keyed_runs"],
      rewrite: without(["VALUES (?, ?, ?, ?, ?, ?, 'due', ?) ON CONFLICT (id) DO NOTHING", "VALUES (?, ?, ?, ?, ?, ?, 'due', ?)"]),
    },
  },
  {
    name: "the fence of the jobs",
    climate: { ...JOBS, gateways: 2 },
    mutation: { rewrite: unfenced("planJobRuns", "startJobRun", "finishJobRun") },
  },
  {
    name: "the step of a job's cursor",
    climate: JOBS,
    mutation: {
      rewrite: without([
        "SET cursor_at = ?, next_slot = ?, next_at = ?, skipped = skipped + ?",
        "SET cursor_at = cursor_at + 0 * ?, next_slot = ?, next_at = ?, skipped = skipped + ?",
      ]),
    },
  },
  {
    name: "the wait of a slot for the run before",
    climate: JOBS,
    mutation: {
      rewrite: without(
        ["r.job_id = j.id AND r.ended_at IS NULL)", "r.job_id = j.id AND 1 = 0)"],
        ["AND (o.status = 'running' OR", "AND 1 = 0 AND (o.status = 'running' OR"],
      ),
    },
  },
  {
    name: "the look at runs whose turn is over",
    climate: JOBS,
    mutation: { rewrite: without(["t.id IS NULL OR t.ended_at IS NOT NULL OR r.started_at < ?", "t.id IS NULL OR r.started_at < ?"]) },
  },
];

const NARROW: Partial<Climate> = { narrow: true };

const OF_SUMMARIES: readonly Mutant[] = [
  { name: "the one transaction of a summary", climate: NARROW, mutation: { torn: "compactContext" } },
  {
    name: "the bound between a summary and what is shown whole",
    climate: NARROW,
    mutation: { rewrite: without(["UPDATE sessions SET context_start = ?, trimmed_to", "UPDATE sessions SET context_start = ? - 1, trimmed_to"]) },
  },
];

const HELPERS: Partial<Climate> = { helpers: true };

const OF_HELPERS: readonly Mutant[] = [
  {
    name: "the one helper of a call, and the look-up before it",
    climate: HELPERS,
    mutation: {
      schema: ["DROP INDEX sub_agents_call"],
      rewrite: without(["FROM sub_agents WHERE session_id = ? AND call_id = ?", "FROM sub_agents WHERE session_id = ? AND call_id = ? AND 1 = 0"]),
    },
  },
  {
    name: "the going on of a maker with the end of its helper",
    climate: HELPERS,
    mutation: {
      rewrite: without(["SET status = 'queued', not_before = 0 WHERE id = ? AND status = 'waiting'", "SET not_before = 0 WHERE id = ? AND status = 'waiting'"]),
    },
  },
  {
    name: "the end of a helper in its last commit",
    climate: HELPERS,
    mutation: { rewrite: without(["WHERE id = ? AND child_turn = ? AND working = 1", "WHERE id = ? AND child_turn = ? AND working = 2"]) },
  },
  {
    name: "the most helpers of a conversation",
    climate: HELPERS,
    mutation: { rewrite: without(["WHERE root_id = ? AND working = 1", "WHERE root_id = ? AND working = 2"]) },
  },
];

const FORGETS: Partial<Climate> = { forgets: true };

/** A purge that passes over what this condition finds. */
function passesOver(name: string, statement: string, extra: Partial<Climate> = {}): Mutant {
  const rewrite = (sql: string, operation: OperationName) => (operation === "purgePerson" ? sql.replace(statement, `${statement} 1 = 0 AND`) : sql);
  return { name: `the forgetting of ${name}`, climate: { ...FORGETS, ...extra }, mutation: { rewrite } };
}

const OF_PURGES: readonly Mutant[] = [
  passesOver("somebody's updates", "DELETE FROM inbox WHERE"),
  passesOver("somebody's identities", "DELETE FROM identities WHERE"),
  passesOver("somebody's jobs", "DELETE FROM jobs WHERE", JOBS),
  passesOver("the runs of somebody's jobs", "DELETE FROM job_runs WHERE", JOBS),
  passesOver("what somebody has said where others speak", "message_id = NULL WHERE"),
  passesOver("the summaries of what somebody has said", "DELETE FROM summaries WHERE", NARROW),
  passesOver("somebody's turns", "SET principal = ?, options = '{}', error = NULL WHERE"),
];

export const SUBJECTS: readonly Mutant[] = [...OF_JOBS, ...OF_SUMMARIES, ...OF_HELPERS, ...OF_PURGES];

/** The worlds that do these operations at all. */
export const LIVED_IN: Readonly<Partial<Record<OperationName, Partial<Climate>>>> = {
  saveJob: JOBS,
  planJobRuns: JOBS,
  startJobRun: JOBS,
  openSubAgent: HELPERS,
  settleSubAgents: HELPERS,
  tellSubAgent: HELPERS,
  purgePerson: FORGETS,
};

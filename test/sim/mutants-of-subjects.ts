/** Mutants of the rooms beside the hall: jobs, summaries, helpers, forgetting. Each needs a world that has the room. */
import type { OperationName } from "../../src/store/operations/operations.ts";
import type { Climate } from "./climate.ts";
import type { Mutant } from "./mutants.ts";
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
  { name: "the fence of what is decided about jobs", climate: { ...JOBS, gateways: 2 }, mutation: { rewrite: unfenced("planJobRuns") } },
  { name: "the fence of a job's run", climate: { ...JOBS, gateways: 2 }, mutation: { rewrite: unfenced("startJobRun", "finishJobRun") } },
  {
    name: "the revision of a job",
    climate: JOBS,
    mutation: { rewrite: without(["updated_at = ? WHERE id = ? AND revision = ?", "updated_at = ? WHERE id = ? AND (revision = ? OR 1 = 1)"]) },
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

export const SUBJECTS: readonly Mutant[] = [...OF_JOBS];

/** The worlds that do these operations at all. */
export const LIVED_IN: Readonly<Partial<Record<OperationName, Partial<Climate>>>> = {
  saveJob: JOBS,
  removeJob: JOBS,
  planJobRuns: JOBS,
  startJobRun: JOBS,
  finishJobRun: JOBS,
};

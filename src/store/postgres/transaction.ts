import type { PoolClient, QueryResult } from "pg";
import type { Steps, Value } from "../operations/statement.ts";
import { isAway, isConflict } from "./pg-errors.ts";
import { numbered } from "./numbered.ts";

/** What became of one operation of a transaction that was committed. */
export type Outcome = { readonly output: unknown } | { readonly error: unknown };

/** Runs an operation's statements on one connection. */
export async function runSteps<T>(client: Pick<PoolClient, "query">, steps: Steps<T>): Promise<T> {
  let step = steps.next();
  while (!step.done) {
    const { mode } = step.value;
    const { sql, params } = step.value.postgres ?? step.value;
    const { name, text } = numbered(sql);
    const result = await client.query({ name, text, values: params.map(toParameter) });
    step = steps.next(mode === "one" ? result.rows[0] : mode === "all" ? result.rows : (result.rowCount ?? 0));
  }
  return step.value;
}

/** Thrown when the connection went while COMMIT was under way: whether it took place is to be asked of the server by `xid`. */
export class CommitInDoubt extends Error {
  readonly xid: string;
  readonly outcomes: readonly Outcome[];

  constructor(xid: string, outcomes: readonly Outcome[], cause: unknown) {
    super(`commit of transaction ${xid} in doubt`, { cause });
    this.xid = xid;
    this.outcomes = outcomes;
  }
}

/** PostgreSQL has no text with a NUL; what must keep it stands in JSON, where it is escaped. Every number is a BIGINT, which takes no fractions (a platform's pause has some). */
function toParameter(value: Value): string | number | null | Buffer {
  if (typeof value === "number") return Math.ceil(value);
  if (typeof value === "string") return value.includes("\0") ? value.replaceAll("\0", "\uFFFD") : value;
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}

/**
 * Several operations as one serializable transaction, each in a savepoint of its own: one that fails takes back only itself.
 * @param lazy its commit may be lost when the server loses its power (synchronous_commit = off).
 * @throws CommitInDoubt; what the server throws for a conflict or a lost connection, and then nothing has happened.
 */
export async function serializable(client: PoolClient, works: readonly Steps<unknown>[], { lazy }: { lazy: boolean }): Promise<Outcome[]> {
  const xid = await begin(client, lazy);
  const outcomes: Outcome[] = [];
  try {
    for (const work of works) {
      // One message between two operations, and none where there is only one.
      if (works.length > 1) await client.query(outcomes.length === 0 ? "SAVEPOINT operation" : "RELEASE operation; SAVEPOINT operation");
      outcomes.push(await outcomeOf(client, work, works.length === 1));
    }
  } catch (error) {
    if (!isAway(error)) await client.query("ROLLBACK");
    throw error;
  }
  const isKept = outcomes.some((outcome) => "output" in outcome);
  try {
    await client.query(isKept ? "COMMIT" : "ROLLBACK");
  } catch (error) {
    if (isKept && isAway(error)) throw new CommitInDoubt(xid, outcomes, error);
    throw error;
  }
  return outcomes;
}

/** @returns the number of the transaction, by which the server can be asked later what became of it. */
async function begin(client: PoolClient, lazy: boolean): Promise<string> {
  // All in one message, which has one result for each statement. What is not lazy is kept as the owner of the server has said, who may ask for more than its own disk.
  const sql = `BEGIN ISOLATION LEVEL SERIALIZABLE;${lazy ? " SET LOCAL synchronous_commit = off;" : ""} SELECT pg_current_xact_id()::text AS xid`;
  const results = (await client.query(sql)) as unknown as QueryResult<{ xid: string }>[];
  return results.at(-1)!.rows[0]!.xid;
}

async function outcomeOf(client: PoolClient, work: Steps<unknown>, isAlone: boolean): Promise<Outcome> {
  try {
    return { output: await runSteps(client, work) };
  } catch (error) {
    if (isAway(error) || isConflict(error)) throw error;
    if (!isAlone) await client.query("ROLLBACK TO operation");
    return { error };
  }
}

/** What became of a transaction: pg_xact_status, https://www.postgresql.org/docs/current/functions-info.html */
export async function fateOf(client: Pick<PoolClient, "query">, xid: string): Promise<"committed" | "aborted" | "in progress"> {
  const result = await client.query("SELECT pg_xact_status($1::xid8) AS status", [xid]);
  return (result.rows[0] as { status: "committed" | "aborted" | "in progress" | null }).status ?? "aborted";
}

import type { PoolClient, QueryResult } from "pg";
import type { Steps, Value } from "../operations/statement.ts";
import { isAway } from "./pg-errors.ts";
import { numbered } from "./numbered.ts";

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
  readonly output: unknown;

  constructor(xid: string, output: unknown, cause: unknown) {
    super(`commit of transaction ${xid} in doubt`, { cause });
    this.xid = xid;
    this.output = output;
  }
}

/** PostgreSQL has no text with a NUL; what must keep it stands in JSON, where it is escaped. Every number is a BIGINT, which takes no fractions (a platform's pause has some). */
function toParameter(value: Value): string | number | null | Buffer {
  if (typeof value === "number") return Math.ceil(value);
  if (typeof value === "string") return value.includes("\0") ? value.replaceAll("\0", "\uFFFD") : value;
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}

/** One serializable transaction. On an error nothing has happened, except after CommitInDoubt. */
export async function serializable<T>(client: PoolClient, steps: Steps<T>): Promise<T> {
  // Both in one message; the number lets us ask later what became of the transaction.
  const begun = (await client.query("BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT pg_current_xact_id()::text AS xid")) as unknown as QueryResult<{
    xid: string;
  }>[];
  const xid = begun[1]!.rows[0]!.xid;
  let output: T;
  try {
    output = await runSteps(client, steps);
  } catch (error) {
    if (!isAway(error)) await client.query("ROLLBACK");
    throw error;
  }
  try {
    await client.query("COMMIT");
  } catch (error) {
    if (isAway(error)) throw new CommitInDoubt(xid, output, error);
    throw error;
  }
  return output;
}

/** What became of a transaction: pg_xact_status, https://www.postgresql.org/docs/current/functions-info.html */
export async function fateOf(client: Pick<PoolClient, "query">, xid: string): Promise<"committed" | "aborted" | "in progress"> {
  const result = await client.query("SELECT pg_xact_status($1::xid8) AS status", [xid]);
  return (result.rows[0] as { status: "committed" | "aborted" | "in progress" | null }).status ?? "aborted";
}

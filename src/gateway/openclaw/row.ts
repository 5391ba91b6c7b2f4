import { RequestError } from "../../core/errors.ts";
import type { Scope } from "../auth/credential.ts";
import { describeIssue } from "../../lib/schema/describe-issue.ts";
import { v } from "../../lib/schema/index.ts";

/** What a row may do: call methods of the registry with the caller's own rights, and answer. */
export interface RowCall {
  /** `callMethod` for this caller; the result is what the method's own schema says. @throws AuthError, RequestError and what the method throws */
  call<T>(method: string, params?: Readonly<Record<string, unknown>>): Promise<T>;
  /** An answer before the last one: the client waits on. */
  answerFirst(payload: unknown): void;
  /** Says something in a session behind the answer, to this connection alone: what a command was answered. */
  say(session: string, runId: string, text: string): void;
  /** Remembers which message a run answers, for those who wait for the run. */
  keepRun(runId: string, messageId: string): void;
  messageOf(runId: string): string | undefined;
  /** From now on this connection hears of every change of a session. */
  watchSessions(on: boolean): void;
  /** Wall milliseconds. */
  now(): number;
}

/** One line of the table: a method of theirs as calls of ours. It adds no behaviour of its own. */
export interface Row {
  readonly method: string;
  /** Least scope that a client asks for when it wants to call this (OpenClaw docs, operator scopes); what its credential may do is checked behind it. */
  readonly scope: Scope;
  /** Methods of the registry behind it; with one of them missing the row is neither advertised nor answered. */
  readonly calls: readonly string[];
  readonly params: v.GenericSchema;
  run(params: never, call: RowCall): unknown;
}

interface RowDefinition<P extends v.GenericSchema> {
  readonly method: string;
  readonly scope: Scope;
  readonly calls: readonly string[];
  /** The parameters that mean something here; keys that are not named are hints to another program and are not read. */
  readonly params: P;
  run(params: v.InferOutput<P>, call: RowCall): unknown;
}

export function defineRow<P extends v.GenericSchema>(definition: RowDefinition<P>): Row {
  return definition as Row;
}

/** @throws RequestError `bad_params` */
export function checkRowParams(row: Row, params: unknown): never {
  const read = v.safeParse(row.params, params ?? {});
  if (read.success) return read.output as never;
  const [issue] = read.issues;
  throw new RequestError("bad_params", `invalid ${row.method} params: ${describeIssue(issue)}`);
}

/** A key that would change what happens and has nothing here to be translated to: refused when it is set, so that nobody is told ok for it. */
export function refuse<T>(key: string, given: T, harmless: readonly unknown[] = []): void {
  if (given === undefined || given === null || harmless.includes(given)) return;
  throw new RequestError("bad_params", `${key} is not served here`, { hint: "docs/openclaw-clients.md lists what is" });
}

import type { OperationName } from "../../src/store/operations/operations.ts";

/** What is held against the promises about one part of the program: the jobs, the summaries ... */
export interface Subject {
  /** How much of it was lived. */
  readonly counts?: Readonly<Record<string, number>>;
  /** An operation is in the database, whether its answer arrives or not. */
  committed?(name: OperationName, input: Record<string, unknown>, output: unknown): void;
  /** A power cut has taken what was lazy. */
  powerLost?(): void;
  /** What must hold at any time. */
  check?(): void;
  /** What still waits for something. */
  unrest?(): string[];
  /** What must hold when everything has come to rest. */
  settle?(): void;
}

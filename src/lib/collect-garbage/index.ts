import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** By then all that a start loads is loaded. */
export const SETTLED_MS = 3_000;

/**
 * Collects all garbage of this thread, as V8 does before it gives up for want of memory: also code that has not run since, and pages that are half empty.
 * It stops the thread for some 25 ms: for the moment when starting is over, since V8 collects by how much is made and an idle program would keep its garbage for hours.
 */
export function collectGarbage(): void {
  // The flag is the whole process's: taken back here, it could be gone between these two lines of another thread. It gives `gc` to contexts that are made later, and none of ours run
  // code of others.
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("globalThis.gc") as ((options: object) => void) | undefined;
  collect?.({ type: "major", execution: "sync", flavor: "last-resort" });
}

/**
 * From now on the heaps of this process may grow to three times what is in use before they are collected by V8's own account, which for a heap of 25 MB would stop a busy
 * program for some 25 ms every second or two. Whoever calls it gives memory back by `collectGarbage` when it is quiet.
 */
export function collectSeldom(): void {
  setFlagsFromString("--heap-growing-percent=200");
}

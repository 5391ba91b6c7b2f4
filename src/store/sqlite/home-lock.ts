import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StoreError } from "../../core/errors.ts";

export interface HomeLock {
  release(): void;
}

/** Kept from the garbage collector, which would close a database that nobody refers to and so end its lock. */
const held = new Set<DatabaseSync>();

/**
 * The right to be the one daemon of a home folder (P11): a lock of the operating system on `lock.db` that dies with the process. Who has it stands in
 * `lock.json` beside it, which alone locks nothing. Both are 0600.
 * @throws StoreError `home_locked`, naming the owner's pid.
 */
export function acquireHomeLock(folder: string): HomeLock {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const owner = join(folder, "lock.json");
  const file = join(folder, "lock.db");
  // SQLite would make it readable for everybody; a journal gets the mode of its database.
  closeSync(openSync(file, "a", 0o600));
  chmodSync(file, 0o600);
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (((error as { errcode?: number }).errcode ?? 0) % 256 !== 5) throw error;
    throw locked(folder, owner);
  }
  writeFileSync(owner, `${JSON.stringify({ pid: process.pid, since: new Date().toISOString() })}\n`, { mode: 0o600 });
  held.add(database);
  let released = false;
  return {
    release() {
      if (released) return;
      released = true;
      rmSync(owner, { force: true });
      held.delete(database);
      database.close();
    },
  };
}

function locked(folder: string, owner: string): StoreError {
  let who = "another process";
  try {
    const { pid, since } = JSON.parse(readFileSync(owner, "utf8")) as { pid: number; since: string };
    who = `process ${pid} since ${since}`;
  } catch {
    // Its owner has not written the file yet, or is removing it: the lock itself is the truth.
  }
  return new StoreError("home_locked", `${folder} is in use by ${who}`, {
    hint: `A gateway runs on this home folder already (${who}); stop it with "clanker gateway stop".`,
  });
}

/** Homes that were put back from a backup: restores that were cut short, damaged databases, and what was under way. */
import { existsSync } from "node:fs";
import { readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { BACKUPS, finishRestore, JOURNAL, listBackups, restoreBackup, RESTORE_NOTE, type RestoreNote } from "../backup/index.ts";
import type { LoadedConfig, Places } from "../config/index.ts";
import type { Clock } from "../core/clock.ts";
import { StoreError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Store } from "../core/store.ts";
import { acquireHomeLock, checkDatabase } from "../store/sqlite/index.ts";
import type { Notify } from "../turn/notify.ts";
import { homeOf } from "./backups.ts";
import { openStore } from "./open-store.ts";

/** Completes a restore that was cut short, before anything of the home is read. @throws StoreError `home_locked` */
export async function completeRestore({ dataFolder }: Places): Promise<void> {
  if (!existsSync(join(dataFolder, JOURNAL))) return;
  const lock = acquireHomeLock(dataFolder);
  try {
    await finishRestore(dataFolder);
  } finally {
    lock.release();
  }
}

/**
 * Puts the newest whole backup in the place of a damaged database (fault-59). The damaged file stays beside it.
 * @returns undefined when there is no backup that can be trusted.
 */
async function restoreDatabase(loaded: LoadedConfig, { clock, log }: { clock: Clock; log: Log }): Promise<RestoreNote | undefined> {
  const home = homeOf(loaded);
  for (const { folder, manifest } of await listBackups(join(home.dataFolder, BACKUPS))) {
    if (manifest.database === undefined) continue;
    try {
      const note = await restoreBackup(folder, home, { now: clock.now(), checkDatabase, databaseOnly: true });
      log.error("the database was damaged and was put back from a backup", {
        backup: folder,
        made: new Date(manifest.created_at).toISOString(),
        damaged: note.aside,
      });
      return note;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      log.warn("a backup cannot be used", { backup: folder, error: error.message });
    }
  }
  return undefined;
}

/** The note that a restore left for this start. */
async function takeRestoreNote(dataFolder: string): Promise<{ note: RestoreNote; forget(): Promise<void> } | undefined> {
  const path = join(dataFolder, RESTORE_NOTE);
  const text = await readFile(path, "utf8").catch(() => undefined);
  return text === undefined ? undefined : { note: JSON.parse(text) as RestoreNote, forget: () => rm(path, { force: true }) };
}

/** A damaged database is put back from the newest backup that is whole. @throws StoreError `store_corrupt` when there is none, and whatever else keeps a store closed. */
export async function openOrRestore(loaded: LoadedConfig, deps: { clock: Clock; log: Log }): Promise<Store> {
  const open = () => openStore(loaded.config, loaded.places.dataFolder, deps);
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== "store_corrupt") throw error;
    if ((await restoreDatabase(loaded, deps)) === undefined) throw error;
    return await open();
  }
}

/** What was under way in the backup is not done again; the owner is told what is missing. */
export async function settleRestored(store: Store, dataFolder: string, clock: Clock): Promise<{ tell(notify: Notify): Promise<void> } | undefined> {
  const found = await takeRestoreNote(dataFolder);
  if (found === undefined) return undefined;
  const { backup_at, restored_at, aside } = found.note;
  const [made, now] = [backup_at, restored_at].map((at) => new Date(at).toISOString());
  // It signs an end of the audit that this database may not have reached.
  const head = join(dataFolder, "audit-head.json");
  if (existsSync(head)) await rename(head, `${head}.replaced-${new Date(restored_at).toISOString().replaceAll(/[:.]/g, "")}`);
  await store.appendAudit({ event: { kind: "state.restored", actor: "system", data: { backup_at, restored_at } }, now: clock.now() });
  await store.settleRestored({ text: `Not known: this was under way when the backup of ${made} was made.`, now: clock.now() });
  return {
    async tell(notify) {
      const text = `The state of ${made} was restored at ${now}. What happened in between is not in it, and what was under way then is not done again.`;
      notify("restored", aside.length === 0 ? text : `${text} What was replaced lies in: ${aside.join(", ")}`);
      await found.forget();
    },
  };
}

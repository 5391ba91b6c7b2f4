/** Backups of a whole home, and how it is put back from one. Files only: the database's copy and its check come from the store. */
export { BACKUPS, type Home } from "./home.ts";
export { listBackups } from "./list-backups.ts";
export { makeBackup, type Backup, type BackupDeps } from "./make-backup.ts";
export type { DatabaseFacts, Manifest } from "./manifest.ts";
export { finishRestore, JOURNAL, RESTORE_NOTE, restoreBackup, type RestoreNote } from "./restore-backup.ts";
export { verifyBackup } from "./verify-backup.ts";

export { checkDatabase, copyDatabase } from "./copy-database.ts";
export { acquireHomeLock, type HomeLock } from "./home-lock.ts";
export { createSqliteStore, type SqliteStoreOptions } from "./sqlite-store.ts";
export { checkSqliteVersion } from "./sqlite-version.ts";
export { writerWorkerUrl } from "./writer-worker-url.ts";

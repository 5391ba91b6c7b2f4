import { ClankerError, StoreError } from "../../core/errors.ts";

/** Worth running the whole transaction again, https://www.postgresql.org/docs/current/errcodes-appendix.html */
const CONFLICT = new Set([
  "40001", // serialization_failure
  "40P01", // deadlock_detected
  "23505", // unique_violation: two transactions made the same row; the second one finds it
]);

const AWAY = new Set([
  "57P01",
  "57P02",
  "57P03",
  "53300",
  "25006",
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

export function isConflict(error: unknown): boolean {
  return CONFLICT.has((error as { code?: string }).code ?? "");
}

/** The server or the way to it is gone: nothing is known about a commit that was under way. */
export function isAway(error: unknown): boolean {
  const { code = "", message = "" } = error as { code?: string; message?: string };
  return (
    AWAY.has(code) ||
    code.startsWith("08") ||
    /connection terminated|timeout exceeded when trying to connect|connection timeout|client has encountered a connection error|not queryable/i.test(message)
  );
}

export function toStoreError(thrown: unknown): ClankerError {
  if (thrown instanceof ClankerError) return thrown;
  const { code, message = String(thrown) } = thrown as { code?: string; message?: string };
  const text = `postgres${code === undefined ? "" : ` ${code}`}: ${message}`;
  if (isAway(thrown)) {
    return new StoreError("store_unavailable", text, {
      hint: "The PostgreSQL server of [storage] cannot be reached; start it or correct the url.",
      retryAfterMs: 2000,
      cause: thrown,
    });
  }
  if (isConflict(thrown))
    return new StoreError("store_busy", text, { hint: "Too many writers at the same rows; try again.", retryAfterMs: 500, cause: thrown });
  if (code === "53100")
    return new StoreError("disk_full", text, { hint: "Free space on the disk of the PostgreSQL server.", retryAfterMs: 5000, cause: thrown });
  if (code?.startsWith("28") || code === "3D000") {
    return new StoreError("store_refused", text, {
      hint: "The PostgreSQL server does not let us in; correct user, password and database in the url of [storage].",
      cause: thrown,
    });
  }
  return new StoreError("store_failed", text, { hint: "This is a fault of the program; please report it with the log.", cause: thrown });
}

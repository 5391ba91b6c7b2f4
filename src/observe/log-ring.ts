import { LOG_LEVELS, type LogLevel, type LogRecord } from "./log-record.ts";

/** The newest lines, in memory, for `logs.tail`. */
export interface LogRing {
  push(record: LogRecord): void;
  /**
   * Oldest first, at most the newest `limit` (default 100).
   * @param options.level this and worse. `since`: wall milliseconds, later ones only.
   */
  tail(options?: { limit?: number; level?: LogLevel; since?: number }): LogRecord[];
  /** Takes records out. @returns how many. */
  remove(matches: (record: LogRecord) => boolean): number;
}

/** @param capacity lines kept. */
export function createLogRing(capacity: number): LogRing {
  const records: LogRecord[] = [];
  let oldest = 0;
  return {
    push(record) {
      if (records.length < capacity) {
        records.push(record);
        return;
      }
      records[oldest] = record;
      oldest = (oldest + 1) % capacity;
    },
    tail({ limit = 100, level = "debug", since = -Infinity } = {}) {
      const least = LOG_LEVELS.indexOf(level);
      const ordered = [...records.slice(oldest), ...records.slice(0, oldest)];
      return limit <= 0 ? [] : ordered.filter((record) => record.at > since && LOG_LEVELS.indexOf(record.level) >= least).slice(-limit);
    },
    remove(matches) {
      const ordered = [...records.slice(oldest), ...records.slice(0, oldest)];
      const kept = ordered.filter((record) => !matches(record));
      records.splice(0, records.length, ...kept);
      oldest = 0;
      return ordered.length - kept.length;
    },
  };
}

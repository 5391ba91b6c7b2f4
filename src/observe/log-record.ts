export type LogLevel = "debug" | "info" | "warn" | "error";

/** Least serious first. */
export const LOG_LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** One line of the log as programs see it; text and fields are redacted and escaped. */
export interface LogRecord {
  /** Wall milliseconds. */
  readonly at: number;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

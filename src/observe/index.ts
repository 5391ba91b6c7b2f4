/** The door of observe: log, redaction, metrics. */
export { createLog, MAX_LINE_BYTES, type LeveledLog, type LogOptions } from "./log.ts";
export { createLogRing, type LogRing } from "./log-ring.ts";
export { LOG_LEVELS, type LogLevel, type LogRecord } from "./log-record.ts";
export { createLogFile, type LogFile, type LogFileOptions } from "./log-file.ts";
export { createRedactor, REDACTED, type Redactor } from "./redactor.ts";
export { createMetrics, type ScrapedMetrics } from "./metrics.ts";
export { SERIES, type Series } from "./series.ts";
export { prettyLine } from "./pretty-line.ts";

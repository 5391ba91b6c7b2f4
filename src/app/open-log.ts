import type { LoadedConfig } from "../config/index.ts";
import { createLog, createLogFile, createLogRing, createRedactor, type LeveledLog, type LogFile, type LogRing, type Redactor } from "../observe/index.ts";

export interface OpenLogOptions {
  readonly verbose?: boolean;
  readonly debug?: boolean;
  readonly color?: boolean;
  readonly stderr: { readonly isTTY?: boolean; write(text: string): unknown };
}

/** Lines that `clanker logs` can still show. */
const RING_LINES = 2_000;

/** The log of `[logging]`: on stderr, in the file if there is one, and the newest lines in memory. @param more secrets besides those of the config. */
export function openLog(
  loaded: LoadedConfig,
  more: LoadedConfig["secretsUsed"],
  options: OpenLogOptions,
): { log: LeveledLog; ring: LogRing; redact: Redactor; file: LogFile | undefined } {
  const { logging } = loaded.config;
  const { stderr } = options;
  const ring: LogRing = createLogRing(RING_LINES);
  const terminal = stderr.isTTY === true;
  const file = logging.file === undefined ? undefined : createLogFile({ path: logging.file });
  const redact = createRedactor([...loaded.secretsUsed, ...more]);
  const log = createLog({
    level: options.debug ? "debug" : options.verbose ? "info" : logging.level,
    format: logging.format ?? (terminal ? "pretty" : "json"),
    color: options.color ?? terminal,
    redact,
    ring,
    write: (line, json) => writeToAll([...(file === undefined ? [] : [() => file.write(json)]), () => stderr.write(line)]),
  });
  return { log, ring, redact, file };
}

/** One that fails (a full disk, a closed pipe) keeps nothing from the others. @throws when none took the line: it is lost then, and counted. */
function writeToAll(writes: readonly (() => unknown)[]): void {
  const failures: unknown[] = [];
  for (const write of writes) {
    try {
      write();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length === writes.length) throw failures[0];
}

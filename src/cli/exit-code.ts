import { AuthError, ClankerError, ConfigError } from "../core/errors.ts";

/** The exit codes that scripts rely on (sysexits.h where it has one). */
export const EXIT = { done: 0, failed: 1, usage: 2, unreachable: 69, notPermitted: 77, configInvalid: 78 } as const;

/** The command line itself is wrong. */
export class UsageError extends ClankerError {
  constructor(message: string, hint?: string) {
    super("usage", message, hint === undefined ? {} : { hint });
  }
}

/** No gateway answers where one should. */
export class UnreachableError extends ClankerError {}

const NOT_PERMITTED = new Set(["unauthorized", "forbidden", "unauthenticated", "not_permitted", "auth_required", "auth_failed", "bad_token"]);

export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof UnreachableError) return EXIT.unreachable;
  if (error instanceof ConfigError || codeOf(error) === "config_invalid") return EXIT.configInvalid;
  if (error instanceof AuthError || NOT_PERMITTED.has(codeOf(error))) return EXIT.notPermitted;
  return EXIT.failed;
}

function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}

import { readlinkSync } from "node:fs";
import type { Env } from "../config/env.ts";

/** Area and place, e.g. `Europe/Berlin`; abbreviations and POSIX rules are left to Intl. */
const NAME = /^[A-Z][A-Za-z]*(?:\/[A-Z][A-Za-z0-9_+-]*){1,2}$/;

/**
 * IANA name of the owner's zone, from TZ or /etc/localtime where they name it. Asking Intl loads 8 MB of ICU, which a gateway in UTC needs for nothing else; so it
 * is asked last.
 */
export function hostTimeZone(env: Env): string {
  const set = env["TZ"];
  const named = set === undefined || set === "" ? linkedZone() : set.replace(/^:/, "");
  if (named === "UTC" || named === "Etc/UTC") return "UTC";
  return named !== undefined && NAME.test(named) ? named : Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Where /etc/localtime points to, below the folder of zones. */
function linkedZone(): string | undefined {
  try {
    return readlinkSync("/etc/localtime").split("/zoneinfo/")[1];
  } catch {
    // Windows, or a system without the file: Intl knows.
    return undefined;
  }
}

/** Whether this machine knows the zone: an IANA name such as `Europe/Berlin`. UTC is known without asking Intl, which loads 8 MB for it. */
export function isTimeZone(name: string): boolean {
  if (name === "UTC") return true;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

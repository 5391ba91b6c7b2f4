/** Milliseconds by which the clocks of a zone are ahead of UTC at an instant (wall milliseconds). Whole seconds; offsets of the last hundred years are whole minutes. */
export type ZoneOffset = (at: number) => number;

/** @param timeZone IANA name; one that is unknown is UTC. Making the format is what costs (a fraction of a millisecond), so it is made once, by the first question. */
export function zoneOffset(timeZone: string): ZoneOffset {
  // Asking Intl loads 8 MB of ICU, which a gateway in UTC needs for nothing else.
  if (timeZone === "UTC") return () => 0;
  let format: Intl.DateTimeFormat | undefined | "unknown";
  return (at) => {
    format ??= formatOf(timeZone) ?? "unknown";
    if (format === "unknown") return 0;
    const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const { year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1000) * 1000;
  };
}

/** The same, once for each zone. */
export function createZoneOffsets(): (timeZone: string) => ZoneOffset {
  const known = new Map<string, ZoneOffset>();
  return (timeZone) => {
    const offset = known.get(timeZone) ?? zoneOffset(timeZone);
    known.set(timeZone, offset);
    return offset;
  };
}

function formatOf(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat("en-US", {
      timeZone,
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
      hourCycle: "h23",
    });
  } catch {
    // What is decided by days must be decided whatever the zone is called.
    return undefined;
  }
}

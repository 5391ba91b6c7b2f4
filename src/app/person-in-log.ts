import type { LogFile, LogRing } from "../observe/index.ts";

/** Whether a line of the log names them. @param ids of theirs: on platforms, of conversations; they may be short numbers, so only a whole text is one */
export function namesPerson(person: string, ids: readonly string[]): (line: string) => boolean {
  const names = ids.map((id) => JSON.stringify(id));
  return (line) => line.includes(person) || names.some((name) => line.includes(name));
}

/** The lines of the log that name them, oldest first: of the file, or without one of what is kept in memory. @param page lines to leave out at the start, and how many to give */
export function logOfPerson(
  person: string,
  ids: readonly string[],
  log: { ring: LogRing; file: LogFile | undefined },
  page: { skip: number; limit: number },
): string[] {
  const matches = namesPerson(person, ids);
  const lines =
    log.file?.find(matches) ??
    log.ring
      .tail({ limit: Infinity })
      .map((record) => JSON.stringify(record))
      .filter(matches);
  return lines.slice(page.skip, page.skip + page.limit);
}

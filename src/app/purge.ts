import { readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Channel } from "../core/channel.ts";
import type { LogFile, LogRing } from "../observe/index.ts";
import type { Purged } from "../turn/purge-person.ts";
import { namesPerson } from "./person-in-log.ts";

export interface PurgeEverywhereDeps {
  readonly dataFolder: string;
  readonly purge: (person: string) => Promise<Purged>;
  readonly ring: LogRing;
  readonly file: LogFile | undefined;
  readonly channels: Iterable<Pick<Channel, "forget">>;
}

/** Forgets a person in the store, and beside it: what channel accounts keep, their workspaces, and the lines of the log that name them. @param senders their ids on the platforms */
export async function purgeEverywhere(
  person: string,
  senders: readonly string[],
  deps: PurgeEverywhereDeps,
): Promise<Purged & { logLines: number; aside: string[] }> {
  // First of all: once the store has forgotten them, nobody could ask again.
  for (const channel of deps.channels) await channel.forget?.(senders);
  const purged = await deps.purge(person);
  await removeWorkspaces(purged.removedSessions, deps.dataFolder);
  const matches = namesPerson(person, [...senders, ...purged.removedSessions]);
  deps.ring.remove((record) => matches(JSON.stringify(record)));
  return { ...purged, logLines: deps.file?.remove(matches) ?? 0, aside: await putAside(deps.dataFolder) };
}

/** What restores, resets and a damaged database have left: older states of everything, which only the owner deletes. */
async function putAside(dataFolder: string): Promise<string[]> {
  const within = (await readdir(dataFolder).catch(() => [])).filter((name) => /\.(replaced|damaged)-\d/.test(name)).map((name) => join(dataFolder, name));
  const home = dirname(dataFolder);
  const whole = (await readdir(home).catch(() => [])).filter((name) => name.startsWith(`${basename(dataFolder)}.replaced-`)).map((name) => join(home, name));
  return [...within, ...whole].toSorted();
}

async function removeWorkspaces(sessions: readonly string[], dataFolder: string): Promise<void> {
  const folder = join(dataFolder, "session-workspaces");
  for (const agent of await readdir(folder).catch(() => [])) {
    for (const session of sessions) {
      await rm(join(folder, agent, session), { recursive: true, force: true });
      await rm(join(dataFolder, "workspace-labels", `${agent}.${session}.json`), { force: true });
    }
  }
}

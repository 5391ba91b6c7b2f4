import { writeFileAtomic } from "../lib/atomic-file/index.ts";
import type { LoadedConfig } from "./load-config.ts";

/**
 * Keeps a copy of the config file that a start has succeeded with (`config.last-good.toml` beside it, mode 0600), for a start after a bad edit.
 * Without a config file, or when the start was made from that copy, there is nothing to do.
 */
export async function keepLastGood({ places, written }: Pick<LoadedConfig, "places" | "written">): Promise<void> {
  if (written.main === undefined || places.lastGoodFile === places.configFile) return;
  await writeFileAtomic(places.lastGoodFile, written.main.text);
}

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CompanionName, Companions } from "../core/programs.ts";
import { startCompanion } from "../security/host/processes/index.ts";

/** Where each of our programs lies unbuilt; built it is `NAME.js` beside the chunks. */
const SOURCES: Readonly<Record<CompanionName, string>> = { "whatsapp-link": "../channels/whatsapp/linked/child/main.ts" };

/** @param dataFolder packages that the owner adds are installed into its folder `libraries`. */
export function openCompanions(dataFolder: string): Companions {
  const here = dirname(fileURLToPath(import.meta.url));
  return {
    start(name, options) {
      const built = join(here, `${name}.js`);
      return startCompanion(existsSync(built) ? built : join(here, SOURCES[name]), [], options);
    },
    libraryFolders: [join(dataFolder, "libraries"), here],
  };
}

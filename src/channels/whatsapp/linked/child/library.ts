import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as Baileys from "baileys";

export type Library = typeof Baileys;

/** baileys is not shipped with us: it brings a library under the GPL. @returns undefined when none of the folders has it */
export async function loadLibrary(folders: readonly string[]): Promise<{ library: Library; version: string } | undefined> {
  for (const folder of folders) {
    let file: string;
    try {
      file = createRequire(join(folder, "from-here.js")).resolve("baileys");
    } catch {
      continue;
    }
    const library = (await import(pathToFileURL(file).href)) as Library;
    return { library, version: versionOf(file) };
  }
  return undefined;
}

function versionOf(file: string): string {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { name?: string; version?: string };
      if (name === "baileys" && version !== undefined) return version;
    } catch {
      // It stands higher up.
    }
  }
  return "unknown";
}

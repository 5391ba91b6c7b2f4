import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ConfigInvalid, loadConfig, type ConfigProblem, type LoadConfigOptions, type LoadedConfig } from "../../src/config/index.ts";

/** A home folder of its own for one test. */
export interface ScratchHome {
  readonly folder: string;
  readonly options: LoadConfigOptions;
  write(name: string, text: string): string;
  read(name: string): string;
  load(env?: Record<string, string>, more?: Partial<LoadConfigOptions>): Promise<LoadedConfig>;
  /** What is wrong with it, as `FILE:LINE KEY MESSAGE`. */
  problems(env?: Record<string, string>, more?: Partial<LoadConfigOptions>): Promise<readonly ConfigProblem[]>;
  [Symbol.dispose](): void;
}

export function scratchHome(files: Record<string, string> = {}): ScratchHome {
  const folder = mkdtempSync(join(tmpdir(), "clanker-config-"));
  const options: LoadConfigOptions = { home: folder, env: { HOME: folder }, platform: "linux" };
  const home: ScratchHome = {
    folder,
    options,
    write(name, text) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    },
    read: (name) => readFileSync(join(folder, name), "utf8"),
    load: (env = {}, more = {}) => loadConfig({ ...options, env: { ...options.env, ...env }, ...more }),
    async problems(env, more) {
      try {
        await home.load(env, more);
      } catch (error) {
        if (error instanceof ConfigInvalid) return error.problems;
        throw error;
      }
      return [];
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
  for (const [name, text] of Object.entries(files)) home.write(name, text);
  return home;
}

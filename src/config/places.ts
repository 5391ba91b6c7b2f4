import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { posix, win32 } from "node:path";
import { ConfigError } from "../core/errors.ts";
import type { Env } from "./env.ts";

/** Where everything of this installation is kept. All absolute. */
export interface Places {
  readonly configFile: string;
  /** Folder of the config file; includes may not leave it. */
  readonly configFolder: string;
  /** Database, keys, logs, blobs. */
  readonly dataFolder: string;
  /** Copy of the config file that the last successful start was made from. */
  readonly lastGoodFile: string;
}

export interface FindPlacesOptions {
  /** `--config`. */
  readonly path?: string;
  /** `--home`. */
  readonly home?: string;
  readonly env: Env;
  /** As `process.platform`. */
  readonly platform: NodeJS.Platform;
}

const APP = "open-clanker";
const NAMES = ["config.toml", "config.json5", "config.json"];

/**
 * Home folder: `home`, else CLANKER_HOME (config file in it, data in its `data`), else the platform's own places: XDG base directories (relative ones are ignored,
 * as the specification asks), ~/Library/Application Support on macOS, APPDATA and LOCALAPPDATA on Windows. Config file: `path`, else CLANKER_CONFIG, else config.toml.
 * @throws ConfigError `config_ambiguous` when the folder has a config in two formats.
 */
export function findPlaces(options: FindPlacesOptions): Places {
  const path = options.platform === "win32" ? win32 : posix;
  const folders = findFolders(options, path);
  const given = options.path ?? filled(options.env["CLANKER_CONFIG"]);
  const configFile = given === undefined ? defaultFile(folders.config, path) : path.resolve(given);
  const extension = path.extname(configFile);
  const configFolder = path.dirname(configFile);
  // A start from the last good copy keeps that copy.
  const stem = path.basename(configFile, extension).replace(/\.last-good$/, "");
  return { configFile, configFolder, dataFolder: folders.data, lastGoodFile: path.join(configFolder, `${stem}.last-good${extension}`) };
}

function findFolders({ home, env, platform }: FindPlacesOptions, path: typeof posix): { config: string; data: string } {
  const own = home ?? filled(env["CLANKER_HOME"]);
  if (own !== undefined) return { config: path.resolve(own), data: path.join(path.resolve(own), "data") };
  const user = filled(env[platform === "win32" ? "USERPROFILE" : "HOME"]) ?? homedir();
  if (platform === "win32") {
    const roaming = filled(env["APPDATA"]) ?? path.join(user, "AppData", "Roaming");
    const local = filled(env["LOCALAPPDATA"]) ?? path.join(user, "AppData", "Local");
    return { config: path.join(roaming, APP), data: path.join(local, APP) };
  }
  if (platform === "darwin") {
    const folder = path.join(user, "Library", "Application Support", APP);
    return { config: folder, data: path.join(folder, "data") };
  }
  const base = (name: string, fallback: string) => {
    const value = filled(env[name]);
    return path.join(value !== undefined && path.isAbsolute(value) ? value : path.join(user, fallback), APP);
  };
  return { config: base("XDG_CONFIG_HOME", ".config"), data: base("XDG_DATA_HOME", ".local/share") };
}

function defaultFile(folder: string, path: typeof posix): string {
  const found = NAMES.map((name) => path.join(folder, name)).filter((file) => existsSync(file));
  if (found.length > 1) {
    throw new ConfigError("config_ambiguous", `more than one config file: ${found.join(", ")}`, { hint: "keep one of them, or name it with --config" });
  }
  return found[0] ?? path.join(folder, "config.toml");
}

function filled(text: string | undefined): string | undefined {
  return text === undefined || text === "" ? undefined : text;
}

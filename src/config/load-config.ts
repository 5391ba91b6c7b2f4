import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { ConfigError } from "../core/errors.ts";
import type { Secret, Secrets } from "../core/secret.ts";
import { checkConfig } from "./check-config.ts";
import { formatPath, type ConfigPath, type Table } from "./config-path.ts";
import { ConfigInvalid, type ConfigProblem, type Source } from "./config-problem.ts";
import { applyEnvOverrides } from "./env-overrides.ts";
import type { Env } from "./env.ts";
import { findPlaces, type FindPlacesOptions, type Places } from "./places.ts";
import { readConfig, type WrittenConfig } from "./read-config.ts";
import { resolveConfig } from "./resolve.ts";
import { rootSchema, type Config } from "./schema.ts";

export interface LoadConfigOptions extends FindPlacesOptions {
  /** Opens the store behind `secret:NAME`; called only when the config has such a reference. Without it such a reference is a problem. */
  readonly openSecrets?: (places: Places, env: Env) => Secrets | Promise<Secrets>;
}

export interface LoadedConfig {
  readonly config: Config;
  readonly places: Places;
  /** Where each written key comes from, by dotted path; what is not in it is a default. */
  readonly provenance: ReadonlyMap<string, Source>;
  /** As written, before variables and references, with the overrides of the environment. */
  readonly tree: Table;
  /** Every secret that was resolved: to be registered for redaction before anything is logged. */
  readonly secretsUsed: readonly Secret[];
  /** What the owner should know although the config is in force. */
  readonly warnings: readonly string[];
  /** SHA-256 of the config file and its includes, hex. */
  readonly digest: string;
  /** The environment with what `.env` beside the config adds; a variable that is really set wins. */
  readonly env: Env;
  readonly written: WrittenConfig;
}

/**
 * Finds, reads and checks the config. No file at all is an empty config, unless one was named.
 * @throws ConfigInvalid (`config_invalid`) listing everything that is wrong; ConfigError `config_not_found` when a named file does not exist,
 * `config_ambiguous`, and what the secret store throws.
 */
export async function loadConfig(options: LoadConfigOptions): Promise<LoadedConfig> {
  const places = findPlaces(options);
  const written = await readConfig(places.configFile);
  if (written.main === undefined && (options.path ?? options.env["CLANKER_CONFIG"] ?? "") !== "") {
    throw new ConfigError("config_not_found", `there is no config file ${places.configFile}`, { hint: "make one with: clanker config generate" });
  }
  return completeConfig(written, places, options);
}

/** Everything behind reading: also for a text that is not yet on disk. @throws as loadConfig */
export async function completeConfig(written: WrittenConfig, places: Places, options: LoadConfigOptions): Promise<LoadedConfig> {
  const { env, tree, origins, problems } = await originsWithEnv(written, places, options);
  const sourceOf = (path: ConfigPath) => nearestSource(origins, path);
  const { openSecrets } = options;
  const resolved = await resolveConfig(tree, {
    schema: rootSchema,
    env,
    sourceOf,
    configFolder: places.configFolder,
    secrets: openSecrets === undefined ? undefined : () => openSecrets(places, env),
  });
  const checked = checkConfig({ ...resolved, problems: [...resolved.problems, ...problems] }, { schema: rootSchema, written: tree, sourceOf });
  if ("problems" in checked) throw new ConfigInvalid(checked.problems);
  return {
    config: checked.config,
    places,
    provenance: origins,
    tree,
    secretsUsed: resolved.secretsUsed,
    warnings: resolved.warnings,
    digest: written.digest,
    env,
    written,
  };
}

interface WithEnv {
  readonly env: Env;
  readonly tree: Table;
  readonly origins: Map<string, Source>;
  readonly problems: readonly ConfigProblem[];
}

/** What is written with the overrides of the environment over it. */
export async function originsWithEnv(written: WrittenConfig, places: Places, options: LoadConfigOptions): Promise<WithEnv> {
  const env = await withDotEnv(join(places.configFolder, ".env"), options.env);
  const tree = structuredClone(written.tree);
  const origins = new Map(written.origins);
  return { env, tree, origins, problems: applyEnvOverrides(tree, origins, { schema: rootSchema, env }) };
}

/** Where a value comes from, else what holds it. */
export function nearestSource(origins: ReadonlyMap<string, Source>, path: ConfigPath): Source {
  for (let length = path.length; length > 0; length--) {
    const source = origins.get(formatPath(path.slice(0, length)));
    if (source !== undefined) return source;
  }
  return { type: "default" };
}

async function withDotEnv(file: string, env: Env): Promise<Env> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new ConfigError("config_unreadable", `${file} cannot be read: ${error.code ?? "unknown error"}`, { hint: "check who may read it", cause: error });
  });
  if (text === undefined) return env;
  const added = Object.entries(parseEnv(text)).filter(([name]) => env[name] === undefined);
  return { ...Object.fromEntries(added), ...env };
}

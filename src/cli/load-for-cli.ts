import { loadConfig, type LoadConfigOptions, type LoadedConfig } from "../config/load-config.ts";
import type { CliContext } from "./context.ts";
import { openSecrets } from "./workbench.ts";

/** How the command line asks for its config: `--config` and `--home`, else the environment; the secret store is opened only for a `secret:` reference. */
export function loadOptions({ options: { config, home }, env }: CliContext): LoadConfigOptions {
  return {
    env,
    platform: process.platform,
    ...(config === undefined ? {} : { path: config }),
    ...(home === undefined ? {} : { home }),
    openSecrets,
  };
}

/** @throws ConfigError as loadConfig does. */
export function loadForCli(context: CliContext): Promise<LoadedConfig> {
  return loadConfig(loadOptions(context));
}

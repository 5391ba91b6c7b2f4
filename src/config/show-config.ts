import { Secret } from "../core/secret.ts";
import { isTable, type Table } from "./config-path.ts";

/**
 * The config as it may be shown: secrets as `[secret PATH]`, and texts as they are written, so that nothing that came out of a variable or a file is printed.
 * @param config the checked value.
 * @param written what stands in the files at the same place, if anything.
 */
export function showConfig(config: unknown, written: unknown): unknown {
  if (config instanceof Secret) return String(config);
  if (typeof config === "string") return typeof written === "string" ? written : config;
  if (Array.isArray(config)) return config.map((item, index) => showConfig(item, Array.isArray(written) ? written[index] : undefined));
  if (!isTable(config)) return config ?? null;
  const below: Table = isTable(written) ? written : {};
  return Object.fromEntries(Object.entries(config).flatMap(([key, value]) => (value === undefined ? [] : [[key, showConfig(value, below[key])]])));
}

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig, type Config } from "../../config/index.ts";
import { writeFileAtomic } from "../../lib/atomic-file/index.ts";
import type { ProviderAnswer } from "./answers.ts";

/** The variable that carries the key into the config under trial; the key itself is not written anywhere. */
const KEY = "CLANKER_SETUP_KEY";

/** A config with this one provider, checked like any other, to try it out before anything is stored. @throws ConfigInvalid */
export async function trialConfig(provider: ProviderAnswer): Promise<Config> {
  const folder = await mkdtemp(join(tmpdir(), "clanker-setup-"));
  try {
    await writeFileAtomic(join(folder, "config.json"), JSON.stringify({ providers: providerSection(provider, `\${${KEY}}`) }));
    const env = { [KEY]: provider.key?.reveal() };
    return (await loadConfig({ home: folder, env, platform: process.platform })).config;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `[providers.NAME]` for the answer; empty when the provider needs none. */
export function providerSection({ name, kind, baseUrl, key }: ProviderAnswer, keyReference: string): Record<string, Record<string, string>> {
  if (name === "offline") return {};
  return {
    [name]: {
      ...(kind === undefined ? {} : { kind }),
      ...(baseUrl === undefined ? {} : { base_url: baseUrl }),
      ...(key === undefined ? {} : { api_key: keyReference }),
    },
  };
}

import { mkdir, stat } from "node:fs/promises";
import { createConfigEditor, generateConfig, type Places } from "../../config/index.ts";
import { writeFileAtomic } from "../../lib/atomic-file/index.ts";
import type { CliContext } from "../context.ts";
import { placesOf } from "../gateway-link.ts";
import { loadForCli, loadOptions } from "../load-for-cli.ts";
import { openSecrets } from "../workbench.ts";
import type { SetupAnswers } from "./answers.ts";
import { providerSection } from "./trial-config.ts";

/** Names in the secret store. */
const telegramSecret = "telegram_bot_token";
const keySecret = (provider: string) => `${provider}_api_key`;

/** Puts secrets into the store and everything else into the config, whose comments stay; a new config gets them all. @returns the config file. */
export async function writeSetup(context: CliContext, answers: SetupAnswers): Promise<string> {
  const places = placesOf(context);
  await ensureConfig(places);
  const secrets = await openSecrets(places, context.env);
  const { provider, model, telegram } = answers;
  if (provider.key !== undefined) await secrets.set(keySecret(provider.name), provider.key.reveal());
  if (telegram !== undefined) await secrets.set(telegramSecret, telegram.token.reveal());

  const providers = providerSection(provider, `secret:${keySecret(provider.name)}`);
  const editor = createConfigEditor({ loaded: await loadForCli(context), load: loadOptions(context) });
  await editor.patch({
    agents: { model },
    ...(Object.keys(providers).length === 0 ? {} : { providers }),
    ...(telegram === undefined
      ? {}
      : {
          channels: {
            telegram: {
              token: `secret:${telegramSecret}`,
              ...(telegram.apiRoot === undefined ? {} : { api_root: telegram.apiRoot }),
              ...(telegram.ownerId === undefined ? {} : { owner_ids: [telegram.ownerId] }),
            },
          },
        }),
  });
  return places.configFile;
}

async function ensureConfig({ configFile, configFolder, dataFolder }: Places): Promise<void> {
  await mkdir(configFolder, { recursive: true, mode: 0o700 });
  await mkdir(dataFolder, { recursive: true, mode: 0o700 });
  const there = await stat(configFile).catch(() => undefined);
  if (there === undefined && configFile.endsWith(".toml")) await writeFileAtomic(configFile, generateConfig());
}

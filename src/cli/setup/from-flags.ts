import { Secret } from "../../core/secret.ts";
import type { CliContext } from "../context.ts";
import { UsageError } from "../exit-code.ts";
import { readStdin } from "../read-input.ts";
import { qualified } from "../try-model.ts";
import { findLocalOllama, openHttp, openProviders } from "../workbench.ts";
import { KEYLESS, PROVIDERS, type ProviderAnswer, type SetupAnswers, type SetupFlags, type TelegramAnswer } from "./answers.ts";
import { createTelegramApi } from "./telegram.ts";
import { trialConfig } from "./trial-config.ts";

const TEST_MS = 30_000;

/** Setup without questions: flags, else defaults. Key and token are tried before anything is written. */
export async function answersFromFlags(context: CliContext, flags: SetupFlags): Promise<SetupAnswers> {
  const provider = await providerOf(context, flags);
  const model = await modelOf(provider, flags.model);
  const telegram = await telegramOf(context, flags);
  return { provider, model, ...(telegram === undefined ? {} : { telegram }) };
}

async function providerOf({ env }: CliContext, flags: SetupFlags): Promise<ProviderAnswer> {
  const ollama = flags.provider === undefined || (flags.provider === "ollama" && flags.baseUrl === undefined) ? await findLocalOllama() : undefined;
  const name = flags.provider ?? (ollama !== undefined && ollama.models.length > 0 ? "ollama" : "offline");
  const isKnown = KEYLESS.includes(name) || PROVIDERS.some((provider) => provider.name === name);
  if (!isKnown && flags.baseUrl === undefined) {
    throw new UsageError(
      `setup does not know the provider ${JSON.stringify(name)}`,
      `give its address with --base-url, or take one of: ${[...PROVIDERS.map((known) => known.name), ...KEYLESS].join(", ")}`,
    );
  }
  const key = await keyOf(flags, env);
  if (key === undefined && isKnown && !KEYLESS.includes(name))
    throw new UsageError(`${name} needs an API key`, "give it with --api-key-stdin or --api-key-env NAME");
  return {
    name,
    ...(isKnown ? {} : { kind: "openai-compatible" as const }),
    ...(flags.baseUrl === undefined ? {} : { baseUrl: flags.baseUrl }),
    ...(key === undefined ? {} : { key: new Secret(`${name}_api_key`, key) }),
  };
}

async function keyOf({ apiKeyStdin, apiKeyEnv }: SetupFlags, env: CliContext["env"]): Promise<string | undefined> {
  if (apiKeyStdin === true) return readStdin("the API key");
  return apiKeyEnv === undefined ? undefined : fromEnv(env, apiKeyEnv);
}

function fromEnv(env: CliContext["env"], name: string): string {
  const value = env[name];
  if (value === undefined || value.trim() === "") throw new UsageError(`the environment variable ${name} is empty or not set`, "set it, then run setup again");
  return value.trim();
}

/** Asks the provider for its list, which proves address and key. @throws ModelError */
export async function modelsOf(provider: ProviderAnswer): Promise<readonly string[]> {
  const found = (await openProviders(await trialConfig(provider))).get(provider.name);
  if (found === undefined) throw new UsageError(`there is no provider ${provider.name}`);
  const models = await found.models(AbortSignal.timeout(TEST_MS));
  return models.map(({ id }) => qualified(provider.name, id));
}

async function modelOf(provider: ProviderAnswer, wanted: string | undefined): Promise<string> {
  const models = await modelsOf(provider);
  if (wanted !== undefined) return qualified(provider.name, wanted);
  const [first] = models;
  if (first === undefined) throw new UsageError(`${provider.name} lists no models`, "name one with --model");
  return first;
}

async function telegramOf({ env }: CliContext, flags: SetupFlags): Promise<TelegramAnswer | undefined> {
  if (flags.telegramTokenEnv === undefined) return undefined;
  if (flags.ownerId !== undefined && !/^\d{1,20}$/.test(flags.ownerId))
    throw new UsageError("--owner-id must be your numeric Telegram id", "write /whoami to the bot to learn it");
  const token = new Secret("telegram_bot_token", fromEnv(env, flags.telegramTokenEnv));
  const http = await openHttp();
  const { username } = await createTelegramApi(http, token, flags.telegramApiRoot).getMe();
  return {
    token,
    bot: username,
    ...(flags.telegramApiRoot === undefined ? {} : { apiRoot: flags.telegramApiRoot }),
    ...(flags.ownerId === undefined ? {} : { ownerId: flags.ownerId }),
  };
}

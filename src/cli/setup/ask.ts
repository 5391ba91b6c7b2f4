/** The guided form of setup: questions at a terminal, each answer tried at once. */
import { confirm, isCancel, log, note, password, select, spinner, text } from "@clack/prompts";
import { Secret } from "../../core/secret.ts";
import type { CliContext } from "../context.ts";
import { UsageError } from "../exit-code.ts";
import { placesOf, readRunning } from "../gateway-link.ts";
import { describeError } from "../output.ts";
import { findLocalOllama, openHttp } from "../workbench.ts";
import { KEYLESS, PROVIDERS, type ProviderAnswer, type SetupAnswers, type SetupFlags, type TelegramAnswer } from "./answers.ts";
import { modelsOf } from "./from-flags.ts";
import { createTelegramApi, oneTimeWord, type TelegramApi } from "./telegram.ts";

const OTHER = "other";
/** How long somebody has to find the bot and write to it. */
const WORD_MS = 5 * 60_000;

/** @throws UsageError when a question is left with Ctrl-C; nothing was written then. */
export async function askAnswers(context: CliContext, flags: SetupFlags): Promise<SetupAnswers> {
  const { provider, models } = await askProvider(flags);
  const model = await askModel(provider, models);
  const telegram = await askTelegram(context, flags);
  return { provider, model, ...(telegram === undefined ? {} : { telegram }) };
}

/** The answer, unless it was Ctrl-C. */
async function answer<T>(question: Promise<T>): Promise<Exclude<T, symbol>> {
  const given = await question;
  if (isCancel(given)) throw new UsageError("setup was left", "nothing was changed");
  return given as Exclude<T, symbol>;
}

const notEmpty = (value: string | undefined) => (value === undefined || value.trim() === "" ? "please type something" : undefined);

async function askProvider(flags: SetupFlags): Promise<{ provider: ProviderAnswer; models: readonly string[] }> {
  const ollama = await findLocalOllama();
  let chosen = flags.provider;
  let before: ProviderAnswer | undefined;
  for (;;) {
    chosen ??= await askProviderName(ollama);
    const provider = await askAccess(chosen, flags, before);
    const progress = spinner();
    progress.start(`asking ${provider.name} for its models`);
    try {
      const models = await modelsOf(provider);
      progress.stop(`${provider.name} answers: ${models.length} ${models.length === 1 ? "model" : "models"}`);
      return { provider, models };
    } catch (error) {
      // The hint of the error names keys of a config that is not yet written.
      progress.error(describeError(error).message);
      before = provider;
      if ((await askWhatNow(provider)) === "other") [chosen, before] = [undefined, undefined];
    }
  }
}

async function askWhatNow({ name, kind }: ProviderAnswer): Promise<"again" | "other"> {
  const again = KEYLESS.includes(name) ? "Try again" : kind === undefined ? "Type the key again" : "Type address and key again";
  const options = [
    { value: "again" as const, label: again },
    { value: "other" as const, label: "Choose another provider" },
    { value: "leave" as const, label: "Leave setup" },
  ];
  const next = await answer(select({ message: "What now?", options }));
  if (next === "leave") throw new UsageError("setup was left", "nothing was changed");
  return next;
}

async function askProviderName(ollama: Awaited<ReturnType<typeof findLocalOllama>>): Promise<string> {
  const local = ollama === undefined ? [] : [{ value: "ollama", label: "Ollama on this machine", hint: `running, ${ollama.models.length} models` }];
  return answer(
    select({
      message: "Which models do you want to use?",
      options: [
        ...local,
        ...PROVIDERS.map(({ name, label }) => ({ value: name, label })),
        { value: OTHER, label: "Another one with an OpenAI-compatible address" },
        { value: "offline", label: "None yet", hint: "a built-in demo, to look around" },
      ],
    }),
  );
}

/** @param before what was answered to the same questions, to be mended. */
async function askAccess(chosen: string, flags: SetupFlags, before?: ProviderAnswer): Promise<ProviderAnswer> {
  if (KEYLESS.includes(chosen)) return { name: chosen, ...(flags.baseUrl === undefined ? {} : { baseUrl: flags.baseUrl }) };
  const known = PROVIDERS.find(({ name }) => name === chosen);
  const name =
    known?.name ??
    (chosen === OTHER
      ? await answer(text({ message: "A short name for it, to write NAME:MODEL", placeholder: "my-server", initialValue: before?.name, validate: checkName }))
      : chosen);
  const baseUrl =
    flags.baseUrl ??
    (known === undefined
      ? await answer(text({ message: "Its address, mostly ending in /v1", placeholder: "https://host/v1", initialValue: before?.baseUrl, validate: checkUrl }))
      : undefined);
  const from = known?.keyFrom === undefined ? "; just Enter if it takes none" : ` (from ${known.keyFrom})`;
  const key = (await answer(password({ message: `API key${from}`, validate: known === undefined ? undefined : notEmpty }))) ?? "";
  return {
    name,
    ...(known === undefined ? { kind: "openai-compatible" as const } : {}),
    ...(baseUrl === undefined ? {} : { baseUrl }),
    ...(key === "" ? {} : { key: new Secret(`${name}_api_key`, key.trim()) }),
  };
}

const checkName = (value: string | undefined) =>
  /^[a-z][a-z0-9_-]{0,40}$/.test(value ?? "") ? undefined : "small letters, digits, - and _, beginning with a letter";
const checkUrl = (value: string | undefined) =>
  /^https?:\/\/[^\s]+$/.test(value ?? "") ? undefined : "an address that begins with http:// or https://, such as https://host/v1";

/** Longer lists are typed, not scrolled. */
const SCROLLABLE = 60;

async function askModel(provider: ProviderAnswer, models: readonly string[]): Promise<string> {
  if (models.length === 1 && models[0] !== undefined) return models[0];
  if (models.length > 0 && models.length <= SCROLLABLE) {
    return answer(select({ message: "Which model?", maxItems: 12, options: models.map((id) => ({ value: id, label: id.slice(provider.name.length + 1) })) }));
  }
  const check = (value: string | undefined) =>
    notEmpty(value) ?? (models.length > 0 && !models.includes(`${provider.name}:${value}`) ? `${provider.name} has no such model` : undefined);
  return `${provider.name}:${await answer(text({ message: "Which model? Type its name", validate: check }))}`;
}

async function askTelegram(context: CliContext, flags: SetupFlags): Promise<TelegramAnswer | undefined> {
  const channel = await answer(
    select({
      message: "Where do you want to talk to it, besides the web page and the terminal?",
      options: [
        { value: "telegram", label: "Telegram" },
        { value: "none", label: "Nowhere else for now" },
      ],
    }),
  );
  if (channel === "none") return undefined;
  note("1. Write to @BotFather on Telegram: /newbot\n2. Give it a name\n3. Copy the token that it answers", "A bot of your own");
  const http = await openHttp();
  for (;;) {
    const token = new Secret("telegram_bot_token", (await answer(password({ message: "The bot's token", validate: notEmpty }))).trim());
    const api = createTelegramApi(http, token, flags.telegramApiRoot);
    try {
      const { username: bot } = await api.getMe();
      log.success(`The bot is ${bot}`);
      const ownerId = flags.ownerId ?? (await learnOwner(context, api, bot));
      return {
        token,
        bot,
        ...(flags.telegramApiRoot === undefined ? {} : { apiRoot: flags.telegramApiRoot }),
        ...(ownerId === undefined ? {} : { ownerId }),
      };
    } catch (error) {
      if (error instanceof UsageError) throw error;
      const { message, hint } = describeError(error);
      log.error(hint === undefined ? message : `${message}\n${hint}`);
    }
  }
}

/** Ctrl-C ends the waiting, not setup: what was answered before would be lost. A spinner would end the process. */
async function waitForWord(api: TelegramApi, word: string): ReturnType<TelegramApi["waitForWord"]> {
  const left = new AbortController();
  const leave = () => left.abort();
  process.once("SIGINT", leave);
  try {
    return await api.waitForWord(word, AbortSignal.any([AbortSignal.timeout(WORD_MS), left.signal]));
  } finally {
    process.off("SIGINT", leave);
  }
}

/** Names can be forged, so the owner is whoever writes a word that only this terminal shows. */
async function learnOwner(context: CliContext, api: TelegramApi, bot: string): Promise<string | undefined> {
  if ((await readRunning(placesOf(context))) !== undefined) {
    log.warn("A gateway is running and may be receiving this bot's messages. Write /whoami to the bot to learn your id.");
    return answer(text({ message: "Your numeric Telegram id", validate: (value) => (/^\d{1,20}$/.test(value ?? "") ? undefined : "digits only") }));
  }
  const word = oneTimeWord();
  note(`Write this to ${bot} from your own account:\n\n    ${word}\n`, "So that it knows you");
  log.step(`Waiting for the word, up to ${WORD_MS / 60_000} minutes. Ctrl-C goes on without it.`);
  const found = await waitForWord(api, word);
  if (found === undefined) {
    log.warn("Nobody has written the word, so the bot does not know you yet.");
    log.info("Write /whoami to the bot later, then: clanker config set channels.telegram.owner_ids+ YOUR_ID");
    return undefined;
  }
  log.success(`That was ${found.name} (${found.id})`);
  return (await answer(confirm({ message: "Is that you?" }))) ? found.id : learnOwner(context, api, bot);
}

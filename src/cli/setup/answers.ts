import type { Secret } from "../../core/secret.ts";

/** What setup has learned; written by `writeSetup`. */
export interface SetupAnswers {
  readonly provider: ProviderAnswer;
  /** `provider:model` */
  readonly model: string;
  readonly telegram?: TelegramAnswer;
}

export interface ProviderAnswer {
  readonly name: string;
  /** Set for names that are no provider by themselves. */
  readonly kind?: "openai-compatible" | "anthropic";
  readonly baseUrl?: string;
  readonly key?: Secret;
}

export interface TelegramAnswer {
  readonly token: Secret;
  readonly apiRoot?: string;
  readonly ownerId?: string;
  /** `@name` of the bot. */
  readonly bot: string;
}

/** Options of `clanker setup`. */
export interface SetupFlags {
  readonly provider?: string;
  readonly apiKeyStdin?: boolean;
  readonly apiKeyEnv?: string;
  readonly baseUrl?: string;
  readonly model?: string;
  readonly telegramTokenEnv?: string;
  readonly telegramApiRoot?: string;
  readonly ownerId?: string;
  readonly yes?: boolean;
}

/** Providers that setup offers; any other openai-compatible address can be typed in. */
export const PROVIDERS: readonly { readonly name: string; readonly label: string; readonly keyFrom?: string }[] = [
  { name: "anthropic", label: "Anthropic (Claude)", keyFrom: "https://console.anthropic.com/settings/keys" },
  { name: "openai", label: "OpenAI", keyFrom: "https://platform.openai.com/api-keys" },
  { name: "openrouter", label: "OpenRouter (many models, one key)", keyFrom: "https://openrouter.ai/keys" },
  { name: "groq", label: "Groq", keyFrom: "https://console.groq.com/keys" },
  { name: "xai", label: "xAI (Grok)", keyFrom: "https://console.x.ai" },
];

/** Providers that take no key. */
export const KEYLESS: readonly string[] = ["offline", "ollama"];

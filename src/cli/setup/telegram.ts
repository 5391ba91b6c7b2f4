/** The few Bot API calls of setup: whose token it is, and which person writes the one-time word (https://core.telegram.org/bots/api). */
import { randomInt } from "node:crypto";
import { ChannelError } from "../../core/errors.ts";
import { HttpFailure, type Http } from "../../core/http.ts";
import type { Secret } from "../../core/secret.ts";

export interface TelegramApi {
  /** @throws ChannelError `telegram_token_refused`, `telegram_unreachable` */
  getMe(): Promise<{ readonly username: string }>;
  /**
   * Waits for a private message that is exactly the word.
   * @returns the sender's numeric id; undefined when `signal` aborts first.
   * @throws ChannelError `telegram_conflict` when somebody else receives this bot's messages.
   */
  waitForWord(word: string, signal: AbortSignal): Promise<{ readonly id: string; readonly name: string } | undefined>;
}

interface Update {
  readonly update_id: number;
  readonly message?: { readonly text?: string; readonly chat: { readonly type: string }; readonly from?: { readonly id: number; readonly first_name: string } };
}

const API_ROOT = "https://api.telegram.org";
/** Between two looks while unread messages wait: they stay unread, so Telegram answers at once. */
const PAUSE_MS = 1_500;
const POLL_SECONDS = 20;
const PAGE = 100;

export function createTelegramApi(http: Http, token: Secret, apiRoot: string = API_ROOT): TelegramApi {
  const call = async (method: string, body: Record<string, unknown>, signal?: AbortSignal): Promise<unknown> => {
    const request = {
      method: "POST",
      path: `/bot{secret}/${method}`,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      timeoutMs: (POLL_SECONDS + 15) * 1000,
    } as const;
    try {
      const response = await http.request(
        { baseUrl: apiRoot, credential: { in: "path", secret: token } },
        signal === undefined ? request : { ...request, signal },
      );
      return resultOf(response.status, await response.json());
    } catch (error) {
      if (!(error instanceof HttpFailure) && !(error instanceof SyntaxError)) throw error;
      throw new ChannelError("telegram_unreachable", `Telegram does not answer: ${error.message}`, "retry", {
        hint: `check the network and ${apiRoot}`,
        cause: error,
      });
    }
  };

  return {
    async getMe() {
      const { username } = (await call("getMe", {})) as { username?: string };
      return { username: `@${username ?? "?"}` };
    },
    async waitForWord(word, signal) {
      // Other people's messages stay unread for the gateway: nothing is confirmed, unless a whole page of them hides what comes behind.
      let offset: number | undefined;
      while (!signal.aborted) {
        const updates = await poll(call, offset, signal);
        if (updates === undefined) return undefined;
        const found = updates.find(({ message }) => message?.chat.type === "private" && message.text?.trim().toLowerCase() === word);
        if (found?.message?.from !== undefined) {
          // The word itself is nothing for the assistant to answer.
          if (updates.length === 1) await call("getUpdates", { offset: found.update_id + 1, timeout: 0, limit: 1 });
          return { id: String(found.message.from.id), name: found.message.from.first_name };
        }
        if (updates.length >= PAGE) offset = (updates.at(-1)?.update_id ?? 0) + 1;
        else if (updates.length > 0) await pause(PAUSE_MS, signal);
      }
      return undefined;
    },
  };
}

async function poll(
  call: (method: string, body: Record<string, unknown>, signal?: AbortSignal) => Promise<unknown>,
  offset: number | undefined,
  signal: AbortSignal,
): Promise<readonly Update[] | undefined> {
  try {
    return (await call("getUpdates", { timeout: POLL_SECONDS, limit: PAGE, ...(offset === undefined ? {} : { offset }) }, signal)) as Update[];
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

function resultOf(status: number, answer: unknown): unknown {
  const { ok, result, description = `status ${status}` } = answer as { ok?: boolean; result?: unknown; description?: string };
  if (ok === true) return result;
  if (status === 401 || status === 404) {
    throw new ChannelError("telegram_token_refused", `Telegram refuses this token: ${description}`, "permanent", {
      hint: "copy the token anew from @BotFather (/mybots, API Token)",
    });
  }
  if (status === 409) {
    throw new ChannelError("telegram_conflict", `somebody else receives this bot's messages: ${description}`, "permanent", {
      hint: "stop the other program that uses this token (a running gateway too), or give it a bot of its own",
    });
  }
  throw new ChannelError("telegram_refused", `Telegram says: ${description}`, "permanent");
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}

/** Letters that nobody confuses; a stranger who guesses has 1 in 10^12. */
const LETTERS = "abcdefghjkmnpqrstuvwxyz23456789";

/** Written once to the bot by its owner; worth nothing afterwards. */
export function oneTimeWord(): string {
  return Array.from({ length: 8 }, () => LETTERS[randomInt(LETTERS.length)]).join("");
}

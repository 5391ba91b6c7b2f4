/**
 * Hands raw Bot API updates to step 1 of the hall (turn/receive), from polling and webhook alike. Always true: whoever calls it acknowledges to Telegram
 * only after it has resolved (P1); an update that cannot be translated is skipped and never holds up the others.
 */
import type { Update as TelegramUpdate } from "@grammyjs/types";
import type { Outcome } from "../../core/intake.ts";
import type { Cursor, Update } from "../../core/update.ts";
import type { TelegramAccount } from "./account.ts";
import { translate } from "./inbound.ts";

/** Bot API, answerCallbackQuery: text, 0 to 200 characters. */
const MAX_TOAST = 200;

/** @throws what `Intake.receive` throws: nothing was taken. */
export async function admit(account: TelegramAccount, raw: readonly TelegramUpdate[], cursor?: Cursor): Promise<void> {
  const { deps } = account;
  const updates = account.known.place(raw.flatMap((update) => translated(account, update)));
  if (updates.length === 0 && cursor === undefined) return;
  const outcomes = await deps.intake.receive(updates, cursor);
  if (updates.length > 0) account.health.heard();
  deps.metrics.count("channel_updates", { channel: "telegram", account: account.config.account }, updates.length);
  updates.forEach((update, index) => {
    // The spinner on a pressed button is taken away for those who are let in; a stranger's press causes nothing at all (sec-34).
    const outcome = outcomes[index];
    if (update.type === "press" && outcome !== undefined && outcome.kind !== "refused")
      account.background.run((signal) => answerPress(account, update, outcome, signal));
  });
}

function translated(account: TelegramAccount, update: TelegramUpdate): Update[] {
  const { deps, config, me, polls } = account;
  try {
    // Without getMe's answer nothing is polled or taken by webhook, so `me` is set here.
    return translate(update, { account: config.account, me: me!, poll: polls.get, now: deps.clock.now() });
  } catch (error) {
    deps.log.warn("telegram update skipped: it could not be read", { update: update?.update_id, error });
    return [];
  }
}

/** The press of a button that meant something says what came of it, and the buttons go: they have been answered. */
async function answerPress(account: TelegramAccount, update: Extract<Update, { type: "press" }>, outcome: Outcome, signal: AbortSignal): Promise<void> {
  const { api, deps } = account;
  const text = outcome.kind === "command" ? { text: outcome.reply.slice(0, MAX_TOAST) } : {};
  try {
    await api.call("answerCallbackQuery", { callback_query_id: update.key.slice("press:".length), ...text }, { signal });
    if (outcome.kind !== "command") return;
    const message = { chat_id: update.address.conversation, message_id: Number(update.messageId) };
    await api.call("editMessageReplyMarkup", { ...message, reply_markup: { inline_keyboard: [] } }, { signal });
  } catch (error) {
    deps.log.debug("telegram press not answered", { error });
  }
}

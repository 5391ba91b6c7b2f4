/**
 * Hall, step 1: what people do beside writing, in words for the transcript. What must stay true: it is user content with the label of whoever did it, and repeats no word that somebody
 * else has said: a message is named by its number, so that nobody's words rise to the trust of the one who reacts to them.
 */
import { sameConversation } from "../core/address.ts";
import { pressedWords, textMessage, messageText, type Message } from "../core/message.ts";
import type { Store } from "../core/store.ts";
import type { Update } from "../core/update.ts";

/** Rows of the session that are looked through for the message that something was done to. */
const LOOK_BACK = 100;

type About = { readonly kind: "own"; readonly newest: boolean } | { readonly kind: "theirs"; readonly number?: number } | { readonly kind: "unknown" };

/**
 * @param sessionKey where it is told.
 * @returns undefined for what is only remembered as seen: joins and leaves, presses of buttons that mean nothing any more, and in groups what people do to each other's messages.
 */
export async function messageOf(update: Update, sessionKey: string, store: Store): Promise<Message | undefined> {
  switch (update.type) {
    case "message":
      return update.message;
    case "press": {
      const words = pressedWords(update.data);
      return words === undefined ? undefined : { parts: [{ type: "notice", text: "pressed a button of yours:" }, ...textMessage(words).parts] };
    }
    case "edit": {
      const about = await aboutOf(update, sessionKey, store);
      const which = about.kind === "theirs" && about.number !== undefined ? `message #${about.number}` : "an earlier message";
      return textMessage(`(edited ${which}, it now reads:) ${messageText(update.message)}`);
    }
    case "deletion": {
      const about = await aboutOf(update, sessionKey, store);
      return about.kind === "theirs" ? noted(`deleted ${about.number === undefined ? "an earlier message" : `message #${about.number}`}`) : undefined;
    }
    case "reaction": {
      const about = await aboutOf(update, sessionKey, store);
      if (about.kind !== "own" && !update.direct) return undefined;
      return noted(update.removed ? `took back the reaction ${update.emoji} to ${nameOf(about)}` : `reacted with ${update.emoji} to ${nameOf(about)}`);
    }
    case "vote":
      return noted(update.options.length === 0 ? "took back their vote in your poll" : `voted in your poll for: ${update.options.join("; ")}`);
    case "membership":
      return undefined;
  }
}

function noted(text: string): Message {
  return { parts: [{ type: "notice", text }] };
}

function nameOf(about: About): string {
  if (about.kind === "own") return about.newest ? "your last message" : "an earlier message of yours";
  return about.kind === "theirs" && about.number !== undefined ? `message #${about.number}` : "an earlier message";
}

async function aboutOf(update: Update & { readonly messageId: string }, sessionKey: string, store: Store): Promise<About> {
  const session = await store.getSession({ key: sessionKey });
  if (session === undefined) return { kind: "unknown" };
  const sent = await store.listDeliveries({ sessionId: session.id, statuses: ["sent"], limit: LOOK_BACK });
  const own = sent.filter(({ address }) => sameConversation(address, update.address));
  const index = own.findIndex(({ parts }) => parts.some(({ receipt }) => receipt?.messageId === update.messageId));
  if (index >= 0) return { kind: "own", newest: index === 0 };
  const items = await store.listInbox({ sessionId: session.id, limit: LOOK_BACK });
  const item = items.findLast((one) => isMessage(one.update, update));
  if (item === undefined) return { kind: "unknown" };
  const entries = await store.readEntries({ sessionId: session.id, before: Number.MAX_SAFE_INTEGER, limit: LOOK_BACK });
  const number = entries.find(({ messageId }) => messageId === item.id)?.number;
  return number === undefined ? { kind: "theirs" } : { kind: "theirs", number };
}

function isMessage(one: Update, { messageId, address }: Update & { readonly messageId: string }): boolean {
  return one.type === "message" && one.messageId === messageId && sameConversation(one.address, address);
}

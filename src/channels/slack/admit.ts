/**
 * Hands what Slack says to step 1 of the hall (turn/receive), from socket, webhook and history alike. Always true: whoever calls it acknowledges to Slack only
 * after it has resolved (P1); what cannot be translated is skipped and never holds up the rest.
 */
import type { Outcome } from "../../core/intake.ts";
import type { Cursor, Update } from "../../core/update.ts";
import { translate } from "./actions.ts";
import type { SlackAccount } from "./account.ts";
import { isTs } from "./inbound.ts";
import { escapeText } from "./text.ts";
import type { BlockActions, Incoming } from "./wire.ts";

/** @throws what `Intake.receive` throws: nothing was taken. */
export async function admit(account: SlackAccount, incoming: Incoming): Promise<void> {
  const { deps, config } = account;
  const updates = account.known.place(translated(account, incoming));
  if (updates.length === 0) return;
  const newest = newestOf(account.newest, updates);
  const outcomes = await deps.intake.receive(updates, account.behind || newest === account.seen ? undefined : cursorAt(account, newest));
  // Another way in (post, history) may have gone further meanwhile.
  account.newest = newestOf(account.newest, updates);
  if (!account.behind) account.seen = account.newest;
  account.health.heard();
  deps.metrics.count("channel_updates", { channel: "slack", account: config.account }, updates.length);
  // Nothing at all is done for a stranger (sec-34).
  updates.forEach((update, index) => {
    const outcome = outcomes[index];
    if (outcome === undefined || outcome.kind === "refused") return;
    account.background.run((signal) => account.names.learn(update.sender.id, signal));
    if (update.type === "press" && incoming.kind === "interactive")
      account.background.run((signal) => answerPress(account, { update, outcome, payload: incoming.payload }, signal));
  });
}

function translated(account: SlackAccount, incoming: Incoming): Update[] {
  const { deps, config, me, names } = account;
  try {
    // Nothing is taken before auth.test has answered, so `me` is set here.
    return translate(incoming, { account: config.account, me: me!, nameOf: names.get, threads: config.reply_in_thread, now: deps.clock.now() });
  } catch (error) {
    deps.log.warn("slack event skipped: it could not be read", { kind: incoming.kind, error });
    return [];
  }
}

/** Puts on record that nothing is missing up to the newest message. @throws what `Intake.receive` throws */
export async function recordSeen(account: SlackAccount): Promise<void> {
  const { newest } = account;
  if (newest === account.seen) return;
  await account.deps.intake.receive([], cursorAt(account, newest));
  account.seen = newest;
}

function cursorAt({ config }: SlackAccount, value: string): Cursor {
  return { channel: "slack", account: config.account, name: "seen", value };
}

/** Live messages come in order but for retries, whose keys make them duplicates. */
function newestOf(newest: string, updates: readonly Update[]): string {
  let result = newest;
  for (const update of updates) if (update.type === "message" && isTs(update.messageId) && Number(update.messageId) > Number(result)) result = update.messageId;
  return result;
}

interface Press {
  readonly update: Extract<Update, { type: "press" }>;
  readonly outcome: Outcome;
  readonly payload: BlockActions;
}

/**
 * The answer itself goes the way of all answers. In a direct conversation the buttons go: they have been answered. Elsewhere whoever pressed is told where nobody
 * else sees it, and the buttons stay, because anybody can press and only the owner answers.
 */
async function answerPress({ api, deps }: SlackAccount, { update, outcome, payload }: Press, signal: AbortSignal): Promise<void> {
  if (outcome.kind !== "command") return;
  const { conversation: channel, thread } = update.address;
  try {
    if (!update.direct) {
      const place = { channel, ...(thread === undefined ? {} : { thread_ts: thread }) };
      await api.call("chat.postEphemeral", { ...place, user: update.sender.id, text: escapeText(outcome.reply), link_names: false }, { signal });
      return;
    }
    const blocks = payload.message?.blocks?.filter((block) => block.type !== "actions");
    if (blocks === undefined || blocks.length === 0) return;
    await api.call("chat.update", { channel, ts: update.messageId, text: payload.message?.text ?? "", blocks }, { signal });
  } catch (error) {
    deps.log.debug("slack press not answered", { error });
  }
}

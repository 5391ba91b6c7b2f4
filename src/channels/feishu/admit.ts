/** Hands one event to step 1 of the hall (turn/receive), whichever way it came. Always true: it has been committed when this resolves (P1). */
import type { Update } from "../../core/update.ts";
import { type FeishuAccount, remember } from "./account.ts";
import { translate } from "./inbound.ts";
import type { WireEvent } from "./wire.ts";

/** @returns what whoever pressed a button is to be told. @throws what `Intake.receive` throws: nothing was taken. */
export async function admit(account: FeishuAccount, event: WireEvent): Promise<string | undefined> {
  const { deps, config, health, me, known, threads } = account;
  if (event.header?.app_id !== undefined && event.header.app_id !== config.app_id) {
    deps.log.warn("feishu event for another app", { app: String(event.header.app_id).slice(0, 50) });
    return undefined;
  }
  const context = { account: config.account, me: me?.openId ?? "", idKind: config.sender_ids, inThreads: config.reply_in_thread, threads, known };
  const updates = translated(account, event, () => translate(event, context));
  if (updates.length === 0) return undefined;
  const outcomes = await deps.intake.receive(updates);
  for (const { type, address, direct, sender, ...rest } of updates)
    if (type === "message" && "messageId" in rest)
      remember(account, rest.messageId, {
        conversation: address.conversation,
        direct,
        sender: sender.id,
        ...(address.thread === undefined ? {} : { thread: address.thread }),
      });
  health.heard();
  deps.metrics.count("channel_updates", { channel: "feishu", account: config.account }, updates.length);
  const [outcome] = outcomes;
  return updates[0]?.type === "press" && outcome?.kind === "command" ? outcome.reply : undefined;
}

function translated(account: FeishuAccount, event: WireEvent, run: () => Update[]): Update[] {
  try {
    return run();
  } catch (error) {
    // One that no version of us knows must not come again for hours.
    if (!(error instanceof TypeError)) throw error;
    account.deps.log.warn("feishu event skipped: it could not be read", { event: String(event.header?.event_type).slice(0, 100), error });
    return [];
  }
}

/** Hands facts to step 1 of the hall (turn/receive). Always true: what the child has kept stays among the entries until its row is in the inbox (P1). */
import type { Update } from "../../../core/update.ts";
import { type LinkedAccount, NUMBER_PREFIX } from "./account.ts";
import { numberOf, plainJid } from "./ids.ts";
import { updateOf } from "./inbound.ts";
import { type Fact, FACT_PREFIX } from "./protocol.ts";

export function nameOfFact({ chat, sender, id }: Fact): string {
  return `${FACT_PREFIX}${chat}:${sender}:${id}`;
}

/** @throws what `Intake.receive` throws, and `Entries.put`: nothing was taken */
export async function admit(account: LinkedAccount, fact: Fact): Promise<void> {
  const { deps, config, health } = account;
  await learn(account, fact);
  const update = updateOf(fact, { account: config.account, me: account.me, numbers: account.numbers, now: deps.clock.now() });
  if (update !== undefined) {
    const [outcome] = await deps.intake.receive([update]);
    health.heard();
    deps.metrics.count("channel_updates", { channel: "whatsapp", account: config.account });
    if (outcome?.kind === "turn" || outcome?.kind === "command") markRead(account, fact, update);
  }
  const name = nameOfFact(fact);
  if (account.journaled.has(name)) await account.entries.put({ [name]: null });
  account.journaled.delete(name);
  account.queued.delete(name);
}

/** A number that goes with an id is never forgotten: who somebody is must not change. */
async function learn({ entries, numbers }: LinkedAccount, { chat, chatAlt, sender, senderAlt }: Fact): Promise<void> {
  const pairs = [
    [chat, chatAlt],
    [chatAlt, chat],
    [sender, senderAlt],
    [senderAlt, sender],
  ] as const;
  for (const [jid, alt] of pairs) {
    const number = numberOf(alt);
    const hidden = plainJid(jid ?? "");
    if (number === undefined || !hidden.endsWith("@lid") || numbers.has(hidden)) continue;
    await entries.put({ [`${NUMBER_PREFIX}${hidden}`]: number });
    numbers.set(hidden, number);
  }
}

/** For those alone who are let in: a stranger must not see that anybody is there (sec-34). */
function markRead(account: LinkedAccount, fact: Fact, update: Update): void {
  if (!account.config.mark_read || update.type !== "message") return;
  const target = { id: fact.id, fromMe: false, ...(fact.group ? { participant: fact.sender } : {}) };
  account.background.run(async (signal) => {
    try {
      await account.link?.call("read", { to: fact.chat, target }, { signal });
    } catch (error) {
      account.deps.log.debug("whatsapp message not marked as read", { error });
    }
  });
}

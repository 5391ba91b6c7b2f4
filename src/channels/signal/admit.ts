/**
 * Hands what happens to step 1 of the hall (turn/receive). Always true: nothing is asked of the daemon for somebody who was not let in; an event that cannot be
 * translated is skipped and never holds up the others.
 */
import { messageText } from "../../core/message.ts";
import type { Update } from "../../core/update.ts";
import { remember, type SignalAccount } from "./account.ts";
import { toChannelError } from "./failure.ts";
import { envelopeUpdate } from "./inbound.ts";
import { formatName, parseName } from "./message-name.ts";
import type { WireReceive } from "./wire.ts";

/** @throws what `Intake.receive` throws: nothing was taken. */
export async function admitReceived(account: SignalAccount, received: WireReceive): Promise<void> {
  const update = translated(account, received);
  if (update === undefined) return;
  const { deps, config, health } = account;
  // Before anybody can answer it.
  learn(account, update, received);
  const [outcome] = await deps.intake.receive([update]);
  health.heard();
  deps.metrics.count("channel_updates", { channel: "signal", account: config.account });
  // Note to self needs none, and strangers learn nothing.
  const letIn = outcome?.kind === "turn" || outcome?.kind === "command";
  if (letIn && update.type === "message" && config.read_receipts && update.sender.id !== account.me) tellRead(account, update.messageId);
}

function translated(account: SignalAccount, { envelope, exception }: WireReceive): Update | undefined {
  const { deps, me, versions, names, untrusted, config } = account;
  const sender = envelope?.sourceUuid?.toLowerCase();
  if (exception) {
    deps.log.warn("signal: a message could not be read", { type: exception.type, reason: exception.message, sender });
    if (exception.type === "UntrustedIdentityException" && sender !== undefined && untrusted.size < 100) untrusted.add(sender);
    return undefined;
  }
  if (!envelope || sender === undefined) return undefined;
  untrusted.delete(sender);
  try {
    const original = (name: string) => versions.get(name) ?? name;
    return envelopeUpdate(envelope, { account: config.account, me: me!, original, nameOf: (aci) => names.get(aci) });
  } catch (error) {
    deps.log.warn("signal event skipped: it could not be read", { error });
    return undefined;
  }
}

const QUOTED = 300;

function learn({ versions, texts, names }: SignalAccount, update: Update, { envelope }: WireReceive): void {
  if (update.sender.name !== undefined) remember(names, update.sender.id, update.sender.name);
  if (update.type !== "message" && update.type !== "edit") return;
  const text = messageText(update.message);
  if (text !== "") remember(texts, update.messageId, text.slice(0, QUOTED));
  const edit = envelope?.editMessage ?? envelope?.syncMessage?.sentMessage?.editMessage;
  const timestamp = edit?.dataMessage?.timestamp;
  if (update.type === "edit" && timestamp !== undefined) remember(versions, formatName({ author: update.sender.id, timestamp }), update.messageId);
}

function tellRead({ background, api, deps }: SignalAccount, messageId: string): void {
  const { author, timestamp } = parseName(messageId)!;
  background.run(async (signal) => {
    try {
      await api.call("sendReceipt", { recipient: author, targetTimestamp: timestamp, type: "read" }, { signal });
    } catch (error) {
      deps.log.debug("signal: not marked as read", { error: toChannelError(error, "repeatable") });
    }
  });
}

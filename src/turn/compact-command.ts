/** Hall, beside step 1: `/compact`. A summary takes the time of a model, and commands are answered at once: how it went is told when it is done. */
import { formatAddress } from "../core/address.ts";
import { toClankerError } from "../core/errors.ts";
import type { Hub } from "../core/event.ts";
import type { Log } from "../core/log.ts";
import { textMessage } from "../core/message.ts";
import type { Store } from "../core/store.ts";
import type { CommandCall } from "./command-call.ts";
import type { Compacted } from "./compaction.ts";
import type { OutboxDoor } from "./outbox-door.ts";

export interface CompactCommandDeps {
  readonly store: Pick<Store, "getSession">;
  readonly hub: Hub;
  readonly log: Log;
  readonly outbox: Pick<OutboxDoor, "send">;
  readonly compact: (sessionId: string) => Promise<Compacted>;
}

/** @returns what is said at once. */
export async function startCompact({ session, update }: CommandCall, deps: CompactCommandDeps): Promise<string> {
  const current = await deps.store.getSession({ key: session.key });
  if (!current || current.lastEntry === 0) return "There is nothing here yet.";
  const tell = async (text: string) => {
    if (update.address.channel === "web") deps.hub.publish({ event: "notice", session: session.key, payload: { code: "compacted", text } });
    else await deps.outbox.send(update.address, textMessage(text));
  };
  deps
    .compact(current.id)
    .then(compactedText, (thrown: unknown) => {
      const { message, hint } = toClankerError(thrown);
      return `I could not make this conversation shorter: ${message}.${hint === undefined ? "" : ` ${hint}`} Nothing was changed.`;
    })
    .then(tell)
    .catch((thrown: unknown) => deps.log.warn("how a compaction went could not be told", { to: formatAddress(update.address), error: String(thrown) }));
  return "I am making this conversation shorter; I will say when it is done. Nothing of it is lost: the whole of it stays readable.";
}

/** What a person reads. */
export function compactedText({ kind, entries, before, after }: Compacted): string {
  switch (kind) {
    case "summarised":
      return `Done: a summary stands for ${entries} entries now. The conversation takes about ${after} tokens instead of ${before}.`;
    case "trimmed":
      return `Done: old tool results are shown shortened. The conversation takes about ${after} tokens instead of ${before}.`;
    case "busy":
      return "This conversation is being summarised already.";
    case "nothing":
      return "This conversation is short already: nothing was changed.";
  }
}

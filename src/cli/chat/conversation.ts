import { randomUUID } from "node:crypto";
import type { LiveGateway } from "../live-gateway.ts";

export type Sent =
  | { readonly kind: "command"; readonly reply: string }
  | {
      readonly kind: "turn";
      readonly outcome: string;
      readonly turnId: string;
      readonly text: string;
      readonly error?: { readonly code: string; readonly message: string; readonly hint?: string };
    };

/** How long the answer to one wait may take; it is then asked again. */
const WAIT_MS = 60_000;

/**
 * Sends one message and waits until its turn has ended, over reconnects: the idempotency key makes a repeated send the same message.
 * @param accepted is told the message's id as soon as it is durable.
 */
export async function converse(
  gateway: LiveGateway,
  session: string,
  { message, accepted }: { message: string; accepted: (messageId: string) => void },
): Promise<Sent> {
  const key = randomUUID();
  const sent = await persist(gateway, () => gateway.call("chat.send", { session, message, idempotency_key: key }));
  if ("command" in sent) return { kind: "command", reply: sent.reply };
  const { message_id: messageId } = sent;
  accepted(messageId);
  for (;;) {
    const ended = await persist(gateway, () => gateway.call("agent.wait", { message_id: messageId, timeout_ms: WAIT_MS }));
    if (ended.outcome === "running") continue;
    return { kind: "turn", outcome: ended.outcome, turnId: ended.turn_id, text: ended.text, ...(ended.error === undefined ? {} : { error: ended.error }) };
  }
}

/** Repeats a call that lost its connection as soon as there is a new one. */
async function persist<T>(gateway: LiveGateway, call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!gateway.isLost(error)) throw error;
      await gateway.reconnected();
    }
  }
}

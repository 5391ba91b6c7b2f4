/** Hall, beside step 3: an ask as people and clients get it, and what a pressed button of one means. */
import type { Button, Message } from "../core/message.ts";
import type { Approval, ApprovalScope } from "../core/records.ts";

/** How the data of an ask's button begins. */
const BUTTON = "ask";

/** How the id of a delivery begins that asks the owner: what it says is nobody's to change (sec-57). */
const DELIVERY = "ask-";

export function askDeliveryId(id: string): string {
  return DELIVERY + id;
}

export function isAskDelivery({ id }: { readonly id: string }): boolean {
  return id.startsWith(DELIVERY);
}

function choicesOf(approval: Approval): (ApprovalScope | "deny")[] {
  return approval.rememberable ? ["once", "session", "always", "deny"] : ["once", "deny"];
}

const LABELS: Record<ApprovalScope | "deny", string> = { once: "Allow once", session: "Allow in this chat", always: "Always allow exactly this", deny: "Deny" };

/** `/approve CODE`, `/deny CODE` say the same as the buttons, for platforms without them. */
export function askMessage(approval: Approval): Message {
  const words = approval.rememberable ? " (add session or always to be asked no more for exactly this)" : "";
  const text = `May I do this?\n\n${approval.text}\n\nAnswer with /approve ${approval.code}${words} or /deny ${approval.code}.`;
  const buttons: Button[] = choicesOf(approval).map((choice) => ({ label: LABELS[choice], data: `${BUTTON}:${approval.code}:${choice}` }));
  return { parts: [{ type: "notice", text }], buttons };
}

/** What a pressed button of an ask means; undefined for any other press. */
export function pressedAnswer(data: string): { code: string; decision: ApprovalScope | "deny" } | undefined {
  const [kind, code = "", decision = "", ...rest] = data.split(":");
  if (kind !== BUTTON || rest.length > 0 || !Object.hasOwn(LABELS, decision)) return undefined;
  return { code, decision: decision as ApprovalScope | "deny" };
}

/** An ask as clients get it. */
export function describeAsk(approval: Approval) {
  const { id, code, turnId, callId, tool, text, reason, askedAt, expiresAt } = approval;
  return {
    approval_id: id,
    code,
    turn_id: turnId,
    call_id: callId,
    tool,
    text,
    reason,
    choices: choicesOf(approval),
    asked_at: askedAt,
    expires_at: expiresAt,
  };
}

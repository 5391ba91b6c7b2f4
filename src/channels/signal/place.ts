import { ChannelError } from "../../core/errors.ts";
import { isPerson, type MessageName, parseName } from "./message-name.ts";

/** Parameters that say where something is sent. @throws ChannelError for what is neither an ACI nor a group id; a phone number is neither. */
export function placeOf(conversation: string): { readonly recipient: readonly string[] } | { readonly groupId: string } {
  if (isPerson(conversation)) return { recipient: [conversation] };
  if (/^([A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{22}==)$/.test(conversation)) return { groupId: conversation };
  throw new ChannelError("signal_bad_address", "neither an account id nor a group id", "permanent", {
    hint: "Write signal:ACCOUNT:ID with the person's account id (ACI, a UUID) or the group's id, percent-encoded",
  });
}

/** @throws ChannelError */
export function nameOf(messageId: string): MessageName {
  const name = parseName(messageId);
  if (name !== undefined) return name;
  throw new ChannelError("signal_no_message", "not the id of a message on Signal", "permanent", { hint: "A message is named ACI:TIMESTAMP" });
}

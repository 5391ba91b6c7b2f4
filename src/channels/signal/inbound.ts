/**
 * The step "signal/inbound" of the hall (house.md section 2): one envelope becomes our update. Pure: the same envelope gives the same key (P1). Decides nothing about
 * who may do what; that is turn/receive. Senders are ACIs: the phone number beside one is never read.
 */
import type { Address } from "../../core/address.ts";
import type { Update } from "../../core/update.ts";
import { contentOf, type Known } from "./content.ts";
import { formatName } from "./message-name.ts";
import type { WireData, WireEnvelope } from "./wire.ts";

export interface InboundContext extends Known {
  /** Account name, for addresses. */
  readonly account: string;
}

/** What was done, by whom, where. */
interface Act {
  readonly data: WireData;
  readonly sender: { readonly id: string; readonly name?: string };
  readonly address: Address;
  readonly direct: boolean;
  /** By Signal's server where it says so. */
  readonly at: number;
  /** Of the message that this is a later version of. */
  readonly edits?: number;
}

/** @returns undefined for what has nothing to read: receipts, typing, calls, stories, changes of a group. */
export function envelopeUpdate(envelope: WireEnvelope, context: InboundContext): Update | undefined {
  const act = actOf(envelope, context);
  if (act === undefined) return undefined;
  const { data } = act;
  if (data.reaction) return reactionUpdate(act, context);
  if (data.remoteDelete || data.adminDelete) return deletionUpdate(act, context);
  if (data.pollVote) return voteUpdate(act);
  return said(act, context);
}

function actOf(envelope: WireEnvelope, context: InboundContext): Act | undefined {
  const id = envelope.sourceUuid?.toLowerCase();
  if (id === undefined || id === "") return undefined;
  const sent = envelope.syncMessage?.sentMessage;
  // What another device of this account writes to others is not said to us; what it writes to itself is.
  const note = sent !== undefined && id === context.me && sent.destinationUuid?.toLowerCase() === context.me && !sent.groupInfo;
  if (id === context.me && !note) return undefined;
  const edit = note ? sent.editMessage : envelope.editMessage;
  const data = edit?.dataMessage ?? (note ? sent : envelope.dataMessage);
  const timestamp = data?.timestamp ?? envelope.timestamp;
  if (!data || typeof timestamp !== "number") return undefined;
  const group = data.groupInfo?.groupId;
  return {
    data: { ...data, timestamp },
    sender: { id, ...(envelope.sourceName ? { name: envelope.sourceName.slice(0, 200) } : {}) },
    address: { channel: "signal", account: context.account, conversation: group ?? id },
    direct: group === undefined,
    at: envelope.serverReceivedTimestamp || timestamp,
    ...(edit === undefined ? {} : { edits: edit.targetSentTimestamp ?? 0 }),
  };
}

function said({ data, edits, ...act }: Act, context: InboundContext): Update | undefined {
  const message = contentOf(data, { ...context, sender: act.sender.id });
  if (message === undefined) return undefined;
  const name = formatName({ author: act.sender.id, timestamp: data.timestamp! });
  const place = act.address.conversation;
  if (edits === undefined) {
    const addressed = act.direct || callsUs(data, context.me);
    return { type: "message", key: `msg:${place}:${name}`, ...act, messageId: name, message, addressed };
  }
  const messageId = context.original(formatName({ author: act.sender.id, timestamp: edits }));
  return { type: "edit", key: `edit:${place}:${messageId}:${data.timestamp}`, ...act, messageId, message };
}

function callsUs({ mentions, quote }: WireData, me: string): boolean {
  return (mentions ?? []).some(({ uuid }) => uuid?.toLowerCase() === me) || quote?.authorUuid?.toLowerCase() === me;
}

function reactionUpdate({ data, edits: _edits, ...act }: Act, context: InboundContext): Update | undefined {
  const { emoji, targetAuthorUuid: author, targetSentTimestamp: timestamp, isRemove } = data.reaction!;
  if (emoji === undefined || author === undefined || timestamp === undefined) return undefined;
  const messageId = context.original(formatName({ author: author.toLowerCase(), timestamp }));
  const key = `reaction:${act.address.conversation}:${messageId}:${act.sender.id}:${data.timestamp}`;
  return { type: "reaction", key, ...act, messageId, emoji, removed: isRemove === true };
}

/** Everybody may delete what they wrote themselves; the admins of a group what others wrote there (`adminDelete`). Signal has checked that. */
function deletionUpdate({ data, edits: _edits, ...act }: Act, context: InboundContext): Update | undefined {
  const { remoteDelete, adminDelete } = data;
  const author = adminDelete ? adminDelete.targetAuthorUuid?.toLowerCase() : act.sender.id;
  const timestamp = adminDelete ? adminDelete.targetSentTimestamp : remoteDelete?.timestamp;
  if (author === undefined || timestamp === undefined) return undefined;
  const messageId = context.original(formatName({ author, timestamp }));
  return { type: "deletion", key: `del:${act.address.conversation}:${messageId}`, ...act, messageId };
}

function voteUpdate({ data, edits: _edits, ...act }: Act): Update | undefined {
  const { authorUuid: author, targetSentTimestamp: timestamp, optionIndexes, voteCount = 0 } = data.pollVote!;
  if (author === undefined || timestamp === undefined) return undefined;
  const pollId = formatName({ author: author.toLowerCase(), timestamp });
  // Signal tells places in the list, counted from nought; people count from one.
  const options = (optionIndexes ?? []).map((index) => String(index + 1));
  return { type: "vote", key: `vote:${pollId}:${act.sender.id}:${voteCount}:${data.timestamp}`, ...act, pollId, options };
}

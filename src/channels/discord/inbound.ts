/**
 * The step "discord/inbound" of the hall (house.md section 2): one gateway event becomes our updates. Pure: the same fact gives the same key by gateway and by
 * history (P1). Decides nothing about who may do what; that is turn/receive.
 */
import type { Address } from "../../core/address.ts";
import type { Sender, Update } from "../../core/update.ts";
import { contentOf } from "./content.ts";
import type { Place } from "./places.ts";
import { snowflakeTime, type WireDeletion, type WireInteraction, type WireMessage, type WireReaction, type WireUser } from "./wire.ts";

export interface InboundContext {
  /** Account name, for addresses. */
  readonly account: string;
  readonly me: { readonly id: string; readonly username: string };
  readonly place: Place;
  /** Wall milliseconds, for the facts that Discord does not date (reactions, deletions). */
  readonly now: number;
  /** Names the event within all sessions: the same again when a resumed session repeats it. */
  readonly event: string;
}

/** @returns nothing for our own messages and those of the platform. */
export function messageUpdates(message: WireMessage, context: InboundContext): Update[] {
  const common = spoken(message, context);
  if (common === undefined) return [];
  return [
    {
      type: "message",
      key: `msg:${message.channel_id}:${message.id}`,
      ...common,
      at: snowflakeTime(message.id),
      messageId: message.id,
      addressed: common.direct || isAddressed(message, context.me.id),
    },
  ];
}

/** Without a date nobody has edited: Discord itself has added a preview. */
export function editUpdates(message: WireMessage, context: InboundContext): Update[] {
  const editedAt = Date.parse(message.edited_timestamp ?? "");
  const common = spoken(message, context);
  if (common === undefined || Number.isNaN(editedAt)) return [];
  return [{ type: "edit", key: `edit:${message.channel_id}:${message.id}:${editedAt}`, ...common, at: editedAt, messageId: message.id }];
}

/** From the history: the message, and its last edit. */
export function historyUpdates(message: WireMessage, context: InboundContext): Update[] {
  return [...messageUpdates(message, context), ...editUpdates(message, context)];
}

function spoken(message: WireMessage, context: InboundContext) {
  if (message.author === undefined || message.author.id === context.me.id) return undefined;
  const content = contentOf(message, context.me.id);
  if (content === undefined) return undefined;
  // A webhook's name and picture are whatever its caller says, and its id is no user's.
  const webhook = message.webhook_id === undefined ? {} : { id: `webhook:${message.webhook_id}`, bot: true };
  return {
    address: addressOf(context),
    sender: { ...senderOf(message.author, message.member?.nick), ...webhook },
    direct: message.guild_id === undefined,
    message: content,
  };
}

/** In a server: mentioned or answered. `@everyone` and roles mean people. */
function isAddressed(message: WireMessage, me: string): boolean {
  if ((message.mentions ?? []).some((user) => user.id === me)) return true;
  return message.message_reference?.type !== 1 && message.referenced_message?.author?.id === me;
}

export function deletionUpdates(deletion: WireDeletion, context: InboundContext & { authorOf(messageId: string): string | undefined }): Update[] {
  return (deletion.ids ?? [deletion.id]).flatMap((id): Update[] => {
    const author = id === undefined ? undefined : context.authorOf(id);
    if (id === undefined || author === undefined) return [];
    const key = `deletion:${deletion.channel_id}:${id}`;
    return [
      { type: "deletion", key, address: addressOf(context), sender: { id: author }, direct: deletion.guild_id === undefined, at: context.now, messageId: id },
    ];
  });
}

export function reactionUpdates(reaction: WireReaction, removed: boolean, context: InboundContext): Update[] {
  if (reaction.user_id === context.me.id) return [];
  const emoji = reaction.emoji?.id ? `custom:${reaction.emoji.id}` : (reaction.emoji?.name ?? "");
  if (emoji === "") return [];
  return [
    {
      type: "reaction",
      // A reaction has no date, so the event's own number tells one from the next.
      key: `reaction:${reaction.channel_id}:${reaction.message_id}:${reaction.user_id}:${context.event}:${removed ? "-" : "+"}${emoji}`,
      address: addressOf(context),
      sender: reaction.member?.user === undefined ? { id: reaction.user_id } : senderOf(reaction.member.user, reaction.member.nick),
      direct: reaction.guild_id === undefined,
      at: context.now,
      messageId: reaction.message_id,
      emoji,
      removed,
    },
  ];
}

const SLASH_COMMAND = 2;
const PRESSED = 3;

/** A slash command is the message `/name text`; a pressed button is a press. */
export function interactionUpdates(interaction: WireInteraction, context: InboundContext): Update[] {
  const user = interaction.member?.user ?? interaction.user;
  if (user === undefined) return [];
  const common = {
    address: addressOf(context),
    sender: senderOf(user, interaction.member?.nick),
    direct: interaction.guild_id === undefined,
    at: snowflakeTime(interaction.id),
  };
  const { type, data, message } = interaction;
  if (type === PRESSED && data?.custom_id !== undefined && message !== undefined) {
    return [{ type: "press", key: `press:${interaction.id}`, ...common, messageId: message.id, data: data.custom_id }];
  }
  if (type !== SLASH_COMMAND || data?.name === undefined) return [];
  const words = (data.options ?? []).map((option) => String(option.value ?? "")).join(" ");
  const text = data.name === "ask" ? words : `/${data.name}${words === "" ? "" : ` ${words}`}`;
  return [
    {
      type: "message",
      key: `msg:interaction:${interaction.id}`,
      ...common,
      messageId: interaction.id,
      message: { parts: [{ type: "text", text }] },
      addressed: true,
    },
  ];
}

function addressOf({ account, place }: InboundContext): Address {
  return { channel: "discord", account, ...place };
}

function senderOf(user: WireUser, nick?: string | null): Sender {
  const name = nick ?? user.global_name;
  return {
    id: user.id,
    ...(name ? { name } : {}),
    ...(user.username === undefined ? {} : { username: user.username }),
    ...(user.bot === true ? { bot: true } : {}),
  };
}

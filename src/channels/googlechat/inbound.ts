/**
 * The step "googlechat/inbound" of the hall (house.md section 2): one interaction event becomes our updates. Pure: the same event gives the same key however often it
 * is posted (P1). Decides nothing about who may do what; that is turn/receive.
 */
import type { Address } from "../../core/address.ts";
import type { Media, Message, MessagePart } from "../../core/message.ts";
import type { Sender, Update } from "../../core/update.ts";
import type { WireAttachment, WireEvent, WireMessage, WireSpace, WireUser } from "./wire.ts";

export interface InboundContext {
  /** Account name, for addresses. */
  readonly account: string;
  readonly now: number;
}

/** @returns none for what no version of this adapter knows. */
export function updatesOf(event: WireEvent, context: InboundContext): Update[] {
  const base = baseOf(event, context);
  if (base === undefined) return [];
  switch (event.type) {
    case "MESSAGE":
    case "APP_COMMAND":
      return messageUpdates(event, base);
    case "ADDED_TO_SPACE": {
      const joined: Update = { ...base, type: "membership", key: `member:${base.address.conversation}:${base.at}:joined`, change: "joined" };
      // Added by a mention: what was said comes with it, and perhaps once more by itself, under the same key.
      return event.message === undefined ? [joined] : [joined, ...messageUpdates(event, base)];
    }
    case "REMOVED_FROM_SPACE":
      return [{ ...base, type: "membership", key: `member:${base.address.conversation}:${base.at}:left`, change: "left" }];
    case "CARD_CLICKED": {
      const data = pressedData(event);
      const messageId = idOf("messages", event.message?.name) ?? "";
      if (data === undefined) return [];
      const key = `press:${base.address.conversation}:${messageId}:${base.sender.id}:${event.eventTime ?? base.at}`;
      return [{ ...base, address: placeOf(event.message, base.address, event.space), type: "press", key, messageId, data }];
    }
    default:
      return [];
  }
}

type Base = Pick<Update, "address" | "sender" | "direct" | "at">;

function baseOf(event: WireEvent, { account, now }: InboundContext): Base | undefined {
  const space = event.space ?? event.message?.space;
  const conversation = idOf("spaces", space?.name);
  const sender = senderOf(event.type === "MESSAGE" ? (event.message?.sender ?? event.user) : event.user);
  if (conversation === undefined || sender === undefined) return undefined;
  const at = Date.parse((event.type === "MESSAGE" ? event.message?.createTime : undefined) ?? event.eventTime ?? "");
  return { address: { channel: "googlechat", account, conversation }, sender, direct: isDirect(space), at: Number.isNaN(at) ? now : at };
}

/** Two people and the app are no direct chat, though Google calls their chat a direct message too. */
function isDirect(space: WireSpace | undefined): boolean {
  return space?.singleUserBotDm === true || space?.type === "DM";
}

/** The last piece of a resource name: `spaces/A/messages/B.C` -> `B.C`. */
export function idOf(collection: "spaces" | "messages" | "threads" | "users", name: string | undefined): string | undefined {
  return new RegExp(`(?:^|/)${collection}/([\\w.-]+)(?:/|$)`).exec(name ?? "")?.[1];
}

function senderOf(user: WireUser | undefined): Sender | undefined {
  const id = idOf("users", user?.name);
  if (id === undefined) return undefined;
  return { id, ...(user?.displayName === undefined ? {} : { name: user.displayName }), ...(user?.type === "BOT" ? { bot: true } : {}) };
}

/** Only named spaces show threads; in a direct chat the thread of each message is its own, and nobody sees it. */
function placeOf(message: WireMessage | undefined, address: Address, space: WireSpace | undefined): Address {
  const thread = idOf("threads", message?.thread?.name);
  const flat = isDirect(space) || space?.spaceThreadingState === "UNTHREADED_MESSAGES" || space?.spaceType === "GROUP_CHAT";
  return thread === undefined || flat ? address : { ...address, thread };
}

function messageUpdates(event: WireEvent, base: Base): Update[] {
  const { message } = event;
  const messageId = idOf("messages", message?.name);
  const content = message && contentOf(message);
  if (message === undefined || messageId === undefined || content === undefined) return [];
  return [
    {
      ...base,
      address: placeOf(message, base.address, event.space ?? message.space),
      type: "message",
      key: `msg:${base.address.conversation}:${messageId}`,
      messageId,
      message: content,
      addressed: base.direct || event.type === "APP_COMMAND" || message.slashCommand !== undefined || mentionsApp(message),
    },
  ];
}

/** Which app, nobody says; but Google hands an app in a space only what mentions it or commands it. */
function mentionsApp({ annotations }: WireMessage): boolean {
  return (annotations ?? []).some(({ type, userMention }) => type === "USER_MENTION" && userMention?.user?.type === "BOT");
}

function contentOf(message: WireMessage): Message | undefined {
  const parts: MessagePart[] = (message.attachment ?? []).map(filePart);
  const written = (message.argumentText ?? message.text ?? "").trim();
  if (written !== "") parts.push({ type: "text", text: written });
  // Only the mention: somebody has called.
  else if (parts.length === 0 && (message.text ?? "").trim() !== "") parts.push({ type: "text", text: message.text!.trim() });
  if (parts.length === 0) return undefined;
  const replyTo = idOf("messages", message.quotedMessageMetadata?.name);
  return { parts, ...(replyTo === undefined ? {} : { replyTo }) };
}

function filePart({ contentName, contentType = "", attachmentDataRef, driveDataRef, source }: WireAttachment): MessagePart {
  const shown = {
    kind: kindOf(contentType),
    ...(contentName === undefined ? {} : { name: contentName }),
    ...(contentType === "" ? {} : { type: contentType }),
  };
  const ref = attachmentDataRef?.resourceName;
  if (ref !== undefined && ref !== "" && source !== "DRIVE_FILE") return { type: "media", media: { ...shown, ref } };
  const missing =
    driveDataRef !== undefined || source === "DRIVE_FILE" ? "it lies in Google Drive, which a Chat app may not read" : "Google Chat does not hand it out";
  return { type: "media", media: { ...shown, missing } };
}

function kindOf(type: string): Media["kind"] {
  if (type.startsWith("audio/")) return "audio";
  if (type.startsWith("video/")) return "video";
  return /^image\/(png|jpeg|gif|webp)$/.test(type) ? "photo" : "document";
}

/** Our own word for a button's data; Google tells a button's parameters in two places. */
function pressedData({ action, common }: WireEvent): string | undefined {
  const data = action?.parameters?.find(({ key }) => key === "clanker")?.value ?? common?.parameters?.["clanker"];
  return typeof data === "string" && data !== "" && data.length <= 256 ? data : undefined;
}

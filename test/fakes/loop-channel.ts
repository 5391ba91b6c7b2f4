import type { Capabilities, Channel, ChannelActions, ChannelStatus, Receipt, RenderedPart, SendTarget } from "../../src/core/channel.ts";
import { messageText, type Message } from "../../src/core/message.ts";

export interface LoopMessage {
  readonly messageId: string;
  readonly conversation: string;
  text: string;
  /** Every text it had, first to last. */
  readonly versions: string[];
  readonly nonce: string;
  /** As the target said. */
  readonly triedSince?: number;
}

export interface LoopChannel extends Channel {
  /** What "the platform" shows, in order. */
  readonly shown: LoopMessage[];
  typed: number;
  /** What was done to messages, in words, in order. */
  readonly acted: string[];
  /** Called before each send, edit and action; may throw a ChannelError or wait. `after` runs when the platform has it. */
  before?: ((kind: "send" | "edit" | "act", text: string) => Promise<void> | void) | undefined;
  after?: ((kind: "send" | "edit" | "act", text: string) => Promise<void> | void) | undefined;
}

/** A platform in memory: keeps what was sent, edits it, and counts a send with a known nonce only once when `idempotentSend`. */
export function createLoopChannel(name = "loop", capabilities: Partial<Capabilities> = {}, actions: readonly (keyof ChannelActions)[] = []): LoopChannel {
  const shown: LoopMessage[] = [];
  const acted: string[] = [];
  let state: ChannelStatus["state"] = "stopped";
  const can: Capabilities = {
    maxText: 200,
    edit: true,
    typing: true,
    media: false,
    buttons: false,
    threads: false,
    idempotentSend: false,
    editPaceMs: 1_000,
    ...capabilities,
  };
  const act = async (what: string) => {
    await channel.before?.("act", what);
    acted.push(what);
    await channel.after?.("act", what);
  };
  const known: Required<ChannelActions> = {
    edit: ({ messageId }, markdown) => act(`edit ${messageId}: ${markdown}`),
    delete: ({ messageId }) => act(`delete ${messageId}`),
    react: ({ messageId }, emoji, on) => act(`${on ? "react" : "unreact"} ${messageId} ${emoji}`),
    pin: ({ messageId }, on) => act(`${on ? "pin" : "unpin"} ${messageId}`),
    async thread({ messageId }, title) {
      await act(`thread ${messageId}: ${title}`);
      return { thread: `t-${messageId}` };
    },
    async poll({ address }, { question, options }) {
      await act(`poll ${address.conversation}: ${question} ${options.join("/")}`);
      return { messageId: `p${acted.length}` };
    },
  };
  const channel: LoopChannel = {
    name,
    acted,
    ...(actions.length > 0 && { actions: Object.fromEntries(actions.map((one) => [one, known[one]])) }),
    account: "default",
    capabilities: can,
    shown,
    typed: 0,
    async start(signal) {
      state = "ready";
      await new Promise<void>((resolve) => (signal.aborted ? resolve() : signal.addEventListener("abort", () => resolve(), { once: true })));
      state = "stopped";
    },
    status: () => ({ state }),
    render(message: Message): RenderedPart[] {
      const text = messageText(message) || " ";
      const parts: RenderedPart[] = [];
      for (let i = 0; i < text.length; i += can.maxText) parts.push({ text: text.slice(i, i + can.maxText), payload: message.buttons ?? null });
      return parts;
    },
    async send(part, target: SendTarget): Promise<Receipt> {
      await channel.before?.("send", part.text);
      const earlier = can.idempotentSend ? shown.find((one) => one.nonce === target.nonce) : undefined;
      if (!earlier)
        shown.push({
          messageId: `m${shown.length + 1}`,
          conversation: target.address.conversation,
          text: part.text,
          versions: [part.text],
          nonce: target.nonce,
          ...(target.triedSince === undefined ? {} : { triedSince: target.triedSince }),
        });
      await channel.after?.("send", part.text);
      return { messageId: earlier?.messageId ?? shown.at(-1)!.messageId };
    },
    async edit(receipt, part) {
      await channel.before?.("edit", part.text);
      const message = shown.find((one) => one.messageId === receipt.messageId);
      if (message && message.text !== part.text) {
        message.text = part.text;
        message.versions.push(part.text);
      }
      await channel.after?.("edit", part.text);
    },
    async typing() {
      channel.typed += 1;
    },
  };
  return channel;
}

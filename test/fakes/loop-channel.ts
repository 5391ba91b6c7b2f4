import type { Capabilities, Channel, ChannelStatus, Receipt, RenderedPart, SendTarget } from "../../src/core/channel.ts";
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
  /** Called before each send and edit; may throw a ChannelError or wait. `after` runs when the platform has it. */
  before?: ((kind: "send" | "edit", text: string) => Promise<void> | void) | undefined;
  after?: ((kind: "send" | "edit", text: string) => Promise<void> | void) | undefined;
}

/** A platform in memory: keeps what was sent, edits it, and counts a send with a known nonce only once when `idempotentSend`. */
export function createLoopChannel(name = "loop", capabilities: Partial<Capabilities> = {}): LoopChannel {
  const shown: LoopMessage[] = [];
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
  const channel: LoopChannel = {
    name,
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
      for (let i = 0; i < text.length; i += can.maxText) parts.push({ text: text.slice(i, i + can.maxText), payload: null });
      return parts;
    },
    async send(part, target: SendTarget): Promise<Receipt> {
      await channel.before?.("send", part.text);
      const known = can.idempotentSend ? shown.find((one) => one.nonce === target.nonce) : undefined;
      if (!known)
        shown.push({
          messageId: `m${shown.length + 1}`,
          conversation: target.address.conversation,
          text: part.text,
          versions: [part.text],
          nonce: target.nonce,
          ...(target.triedSince === undefined ? {} : { triedSince: target.triedSince }),
        });
      await channel.after?.("send", part.text);
      return { messageId: known?.messageId ?? shown.at(-1)!.messageId };
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

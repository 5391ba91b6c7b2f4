/**
 * The tokens with which a message can be answered for free (Messaging API reference, "Send reply message"): one use, one minute. A reply has no retry key, so a try
 * that may have been made is made again with the very same token, which LINE takes once; it is written down before the first try, so that this holds over a crash too.
 */
import type { ChannelDeps } from "../../core/channel.ts";

/** A try that may have been made. */
export interface ReplyTry {
  readonly nonce: string;
  readonly token: string;
  /** Until when the token is surely good if it was not used, wall milliseconds. */
  readonly until: number;
}

export interface ReplyTokens {
  /** Reads once what the process before may have tried: nothing is sent before. @throws what `deps.cursor` throws; then it may be called again */
  load(): Promise<void>;
  /** A webhook brought a token for this conversation. */
  offer(conversation: string, token: string): void;
  /** Hands out the newest token of a conversation, once, and writes the try down. @throws what `Intake.receive` throws: nothing is handed out. */
  take(conversation: string, nonce: string): Promise<ReplyTry | undefined>;
  /** A try that was made before for this part, by this process or another. */
  tried(nonce: string): ReplyTry | undefined;
  /** The part is settled; what is on record goes with the next write. */
  settled(nonce: string): void;
  /** Surely nothing was sent: the part goes another way now, and the record must not say otherwise. @throws what `Intake.receive` throws */
  withdraw(nonce: string): Promise<void>;
}

/** Longer than a delivery lives (24 h); beyond it nobody asks. */
const KEPT_MS = 2 * 24 * 3_600_000;
const MAX_KEPT = 200;
const MAX_OFFERS = 2_000;

export function createReplyTokens({ intake, clock, cursor }: ChannelDeps, account: string, replyMs: number): ReplyTokens {
  const offers = new Map<string, { readonly token: string; readonly until: number }>();
  const tries = new Map<string, ReplyTry>();
  let loading: Promise<void> | undefined;
  const read = async () => {
    for (const one of parse(await cursor("replies"))) if (!tries.has(one.nonce)) tries.set(one.nonce, one);
  };
  const write = async () => {
    for (const [nonce, { until }] of tries) if (until < clock.now() - KEPT_MS || tries.size > MAX_KEPT) tries.delete(nonce);
    await intake.receive([], { channel: "line", account, name: "replies", value: JSON.stringify([...tries.values()]) });
  };
  return {
    load() {
      loading ??= read().catch((error: unknown) => {
        loading = undefined;
        throw error;
      });
      return loading;
    },
    offer(conversation, token) {
      offers.delete(conversation);
      offers.set(conversation, { token, until: clock.now() + replyMs });
      if (offers.size > MAX_OFFERS) offers.delete(offers.keys().next().value!);
    },
    async take(conversation, nonce) {
      const offer = offers.get(conversation);
      offers.delete(conversation);
      if (offer === undefined || offer.until <= clock.now()) return undefined;
      const made = { nonce, ...offer };
      tries.set(nonce, made);
      try {
        await write();
      } catch (error) {
        tries.delete(nonce);
        throw error;
      }
      return made;
    },
    tried: (nonce) => tries.get(nonce),
    settled: (nonce) => void tries.delete(nonce),
    async withdraw(nonce) {
      const made = tries.get(nonce);
      if (made === undefined) return;
      tries.delete(nonce);
      try {
        await write();
      } catch (error) {
        tries.set(nonce, made);
        throw error;
      }
    },
  };
}

function parse(value: string | undefined): ReplyTry[] {
  try {
    const list = JSON.parse(value ?? "[]") as unknown;
    return Array.isArray(list) ? list.filter(isTry) : [];
  } catch {
    // Nothing that we have written.
    return [];
  }
}

function isTry(one: unknown): one is ReplyTry {
  const { nonce, token, until } = (one ?? {}) as Partial<ReplyTry>;
  return typeof nonce === "string" && typeof token === "string" && typeof until === "number";
}

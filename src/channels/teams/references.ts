/**
 * Where each conversation is reached: the connector's address differs by region and may change, and only what comes in tells it (learn.microsoft.com, "Send proactive
 * messages"). Always true: a reference is committed with the first update it comes with, so it outlives a restart; one row a conversation, written when it is new.
 */
import type { ChannelDeps } from "../../core/channel.ts";
import type { Cursor } from "../../core/update.ts";
import { sha256Hex } from "../../lib/digest/index.ts";
import { isService } from "./api.ts";
import type { TeamsAccountConfig } from "./config.ts";

export interface Reference {
  readonly serviceUrl: string;
  readonly kind?: "personal" | "groupChat" | "channel";
}

/** Where a part goes. */
export interface Place extends Reference {
  readonly conversation: string;
  /** In a channel: the message that began it. */
  readonly thread: string | undefined;
}

export interface References {
  /** As on record; where nothing has come in yet, the first of `service_urls`. */
  find(conversation: string): Promise<Reference>;
  /** @returns what has to be committed with the update, if anything is new. */
  news(conversation: string, reference: Reference): Promise<Cursor | undefined>;
  /** It is committed. */
  keep(conversation: string, reference: Reference): void;
}

const MAX_KNOWN = 5_000;

export function createReferences(config: TeamsAccountConfig, cursor: ChannelDeps["cursor"]): References {
  const known = new Map<string, Reference>();
  const keep = (conversation: string, reference: Reference) => {
    known.delete(conversation);
    known.set(conversation, reference);
    if (known.size > MAX_KNOWN) known.delete(known.keys().next().value!);
  };
  const recorded = async (conversation: string): Promise<Reference | undefined> => {
    const held = known.get(conversation);
    if (held !== undefined) return held;
    const read = parse(await cursor(nameOf(conversation)));
    // A service that is allowed no longer gets nothing, also not by an old record.
    if (read === undefined || !isService(config, read.serviceUrl)) return undefined;
    keep(conversation, read);
    return read;
  };
  return {
    keep,
    find: async (conversation) => (await recorded(conversation)) ?? { serviceUrl: config.service_urls[0]! },
    async news(conversation, reference) {
      const old = await recorded(conversation);
      if (old?.serviceUrl === reference.serviceUrl && old.kind === reference.kind) return undefined;
      return { channel: "teams", account: config.account, name: nameOf(conversation), value: JSON.stringify(reference) };
    },
  };
}

/** Without the id itself: the row outlives whoever it was about, and has to lead to nobody. */
function nameOf(conversation: string): string {
  return `conversation ${sha256Hex(conversation).slice(0, 32)}`;
}

function parse(value: string | undefined): Reference | undefined {
  if (value === undefined) return undefined;
  try {
    const { serviceUrl, kind } = JSON.parse(value) as { serviceUrl?: unknown; kind?: unknown };
    if (typeof serviceUrl !== "string") return undefined;
    return { serviceUrl, ...(kind === "personal" || kind === "groupChat" || kind === "channel" ? { kind } : {}) };
  } catch {
    return undefined;
  }
}

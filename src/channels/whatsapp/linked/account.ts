import type { ChannelDeps, LoginStep } from "../../../core/channel.ts";
import type { Background } from "../../../lib/background/index.ts";
import type { Health } from "../../../lib/channel-health/index.ts";
import type { WhatsappLinkedConfig } from "../config.ts";
import type { Entries } from "./entries.ts";
import type { Link } from "./link.ts";
import type { LinkedTiming } from "./timing.ts";

/** Somebody who waits for steps of a login. */
export interface PendingLogin {
  readonly phone?: string | undefined;
  push(step: LoginStep): void;
  fail(error: unknown): void;
}

/** What the files of this mode share about one account. Made by create-linked, handed to each. */
export interface LinkedAccount {
  readonly config: WhatsappLinkedConfig;
  readonly deps: ChannelDeps;
  readonly timing: LinkedTiming;
  readonly health: Health;
  readonly background: Background;
  /** What the account keeps. */
  readonly entries: Entries;
  /** Set while WhatsApp is there. */
  link: Link | undefined;
  /** Ends the child that runs; resolves when nothing that it had said is worked off any more. */
  endChild: (() => Promise<void>) | undefined;
  /** It was ended by a login or a logout, which say what comes next. */
  ending: boolean;
  login: PendingLogin | undefined;
  /** Who we are, by number and by the id that groups know, without devices. */
  me: readonly string[];
  /** Names of entries with facts that the child has kept and that are not in the inbox yet. */
  readonly journaled: Set<string>;
  /** Names of facts that wait in the queue. */
  readonly queued: Set<string>;
  /** Numbers of people whom WhatsApp calls by an id without a number; kept as entries. */
  readonly numbers: Map<string, string>;
  /** What came in cannot be stored now: that WhatsApp answers does not make the account ready. */
  stuck: boolean;
  /** Resolves when somebody wants to log in. */
  wanted: PromiseWithResolvers<void>;
}

/** Name of an entry: the number of somebody whose id hides it. */
export const NUMBER_PREFIX = "number:";

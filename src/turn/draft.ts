/**
 * Hall, step 4, streaming by edit. Shows the growing answer as one platform message that is edited at the platform's pace.
 * What must stay true: the draft part is committed as `sending` before the first preview is posted, and its receipt after it; later previews are edits, not rows:
 * the newest text wins, a failed one is forgotten. The turn never waits for a preview, only for one that is under way when it ends.
 */
import { type Clock, deadline } from "../core/clock.ts";
import { ChannelError } from "../core/errors.ts";
import type { Channel, Receipt, RenderedPart, SendTarget } from "../core/channel.ts";
import type { Log } from "../core/log.ts";
import { textMessage } from "../core/message.ts";
import { newId, type Random } from "../core/random.ts";
import type { StartedTurn, Store } from "../core/store.ts";
import type { Channels } from "./channels.ts";

/** A first preview of fewer characters looks like a stutter. */
const FIRST_PREVIEW_CHARACTERS = 24;
const FIRST_PREVIEW_MS = 600;
/** A preview may not stand above an earlier answer that is still on its way; this soon it is looked at again. */
const EARLIER_OPEN_MS = 250;
/** Longest that the end of a turn waits for an edit under way, and for the first send, which decides whether there is a preview. */
const LAST_EDIT_MS = 1_000;
const FIRST_SEND_MS = 5_000;
export interface DraftDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly channels: Channels;
  /** Milliseconds an unsent delivery is kept. */
  readonly ttlMs: number;
}

export class Draft {
  readonly #channel: Channel;
  readonly #started: StartedTurn;
  readonly #deps: DraftDeps;
  #id: string | undefined;
  #receipt: Receipt | undefined;
  /** The receipt is in the store. */
  #recorded = true;
  #off = false;
  #text = "";
  #shown = "";
  #notBefore: number;
  #under: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;
  readonly #abort = new AbortController();

  /** @param existing delivery id and receipt of a draft that an earlier run of this turn has posted. */
  constructor(channel: Channel, started: StartedTurn, deps: DraftDeps, existing?: { id: string; receipt: Receipt }) {
    this.#channel = channel;
    this.#started = started;
    this.#deps = deps;
    this.#id = existing?.id;
    this.#receipt = existing?.receipt;
    this.#notBefore = deps.clock.monotonic() + FIRST_PREVIEW_MS;
  }

  /** The whole visible text so far. Returns at once. */
  update(text: string): void {
    this.#text = text;
    if (this.#off || this.#under || this.#cancelTimer || text.length < FIRST_PREVIEW_CHARACTERS) return;
    const wait = Math.max(0, this.#notBefore - this.#deps.clock.monotonic());
    this.#cancelTimer = this.#deps.clock.timer(wait, () => {
      this.#cancelTimer = undefined;
      this.#under = this.#show().finally(() => {
        this.#under = undefined;
        if (this.#text !== this.#shown) this.update(this.#text);
      });
    });
  }

  /** No more previews. @returns the delivery to make final, if a preview stands. */
  async finish(): Promise<string | undefined> {
    this.#off = true;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#under) {
      // An edit is awaited for a moment, or the platform could show it after the final one; one that hangs must not hold the lane for ever (P5).
      const cancel = deadline(this.#deps.clock, this.#receipt ? LAST_EDIT_MS : FIRST_SEND_MS, () => this.#abort.abort());
      await this.#under;
      cancel();
    }
    if (!this.#receipt) return undefined;
    // Without its receipt on record the preview would be sent once more instead of being edited.
    return this.#recorded || (await this.#record()) ? this.#id : undefined;
  }

  async #show(): Promise<void> {
    const text = this.#text;
    const rendered = this.#channel.render(textMessage(text))[0]!;
    try {
      if (this.#receipt && !(await this.#isOurs())) this.#off = true;
      // The turn has ended meanwhile: its answer is sent as a whole.
      if (this.#off) return;
      if (this.#receipt) await this.#channel.edit!(this.#receipt, rendered, this.#target());
      else if (!(await this.#post(rendered))) {
        this.#notBefore = this.#deps.clock.monotonic() + EARLIER_OPEN_MS;
        return;
      }
      this.#shown = text;
      this.#notBefore = this.#deps.clock.monotonic() + this.#channel.capabilities.editPaceMs;
    } catch (thrown) {
      this.#shown = text;
      const retry = thrown instanceof ChannelError ? thrown.retryAfterMs : undefined;
      this.#notBefore = this.#deps.clock.monotonic() + (retry ?? 2 * this.#channel.capabilities.editPaceMs);
      this.#deps.log.debug("preview not shown", { turn: this.#started.turn.id, error: String(thrown) });
    }
  }

  /** A process that stood still does not know that its lane has moved: another one may have shown the final answer, and an edit is under no fence. */
  async #isOurs(): Promise<boolean> {
    const { id, attempts } = this.#started.turn;
    const turn = await this.#deps.store.getTurn({ id });
    return turn?.status === "running" && turn.attempts === attempts && turn.draftId === this.#id;
  }

  /** @returns false while something else is on its way to that place, be it of the session before a /new (P3: order is also what a person sees). */
  async #post(rendered: RenderedPart): Promise<boolean> {
    const { store, clock, random, ttlMs, channels } = this.#deps;
    const { turn, session, fence } = this.#started;
    const id = newId(clock, random);
    const now = clock.now();
    const replyTo = turn.replyTo === undefined ? {} : { replyTo: turn.replyTo };
    const opened = await store.openDraft({
      fence,
      delivery: { id, address: turn.address, ...replyTo, parts: [rendered], sessionId: session.id, turnId: turn.id, expiresAt: now + ttlMs },
      now,
    });
    if (!opened) return false;
    this.#id = id;
    try {
      this.#receipt = await this.#channel.send(rendered, this.#target());
    } catch (thrown) {
      // One try: a preview that failed or may have failed is not worth a second message.
      this.#off = true;
      await store.settleDraft({ deliveryId: id, now: clock.now() });
      // The answer of another session may have waited for this preview.
      channels.wake(turn.address);
      throw thrown;
    }
    this.#recorded = false;
    await this.#record();
    return true;
  }

  /** @returns whether the receipt is on record now; it is tried again at the end of the turn. */
  async #record(): Promise<boolean> {
    try {
      await this.#deps.store.settleDraft({ deliveryId: this.#id!, receipt: this.#receipt!, now: this.#deps.clock.now() });
      this.#recorded = true;
    } catch (thrown) {
      this.#deps.log.warn("the receipt of a preview could not be stored", { turn: this.#started.turn.id, error: String(thrown) });
    }
    return this.#recorded;
  }

  #target(): SendTarget {
    const { turn } = this.#started;
    return { address: turn.address, nonce: `${this.#id}.0`, signal: this.#abort.signal, ...(turn.replyTo !== undefined && { replyTo: turn.replyTo }) };
  }
}

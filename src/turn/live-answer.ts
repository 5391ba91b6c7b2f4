/**
 * Hall, step 3, live side: what watchers see of a running turn. Publishes deltas to the hub, shows typing and the preview in a messenger. Nothing of it is stored
 * but the draft part, and nothing here is awaited by the agent.
 */
import type { AgentEvent } from "../agent/run-contract.ts";
import { estimateEntry } from "../agent/tokens.ts";
import type { Channel } from "../core/channel.ts";
import type { Clock } from "../core/clock.ts";
import type { EntryContent } from "../core/entry.ts";
import type { Hub } from "../core/event.ts";
import type { Log } from "../core/log.ts";
import { addUsage, type Usage } from "../core/model.ts";
import type { Random } from "../core/random.ts";
import type { StartedTurn, Store } from "../core/store.ts";
import type { Channels } from "./channels.ts";
import { Draft } from "./draft.ts";
import { createLiveText, type LiveText } from "./live-text.ts";
import type { Places } from "./place.ts";
import { mayAnswerThere, type TurnLabel } from "./turn-label.ts";

/** Platforms show typing for about five seconds. */
const TYPING_MS = 4_500;

export interface LiveDeps {
  readonly store: Store;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly channels: Channels;
  readonly places: Places;
  readonly label: TurnLabel;
  readonly deliveryTtlMs: number;
}

export class LiveAnswer {
  readonly #started: StartedTurn;
  readonly #deps: LiveDeps;
  readonly #channel: Channel | undefined;
  #draft: Draft | undefined;
  /** Texts of the committed steps, joined. */
  #settled = "";
  #step = "";
  readonly #text: LiveText;
  #spent: Usage;
  #cancelTyping: (() => void) | undefined;

  constructor(started: StartedTurn, deps: LiveDeps) {
    this.#started = started;
    this.#deps = deps;
    this.#text = createLiveText(deps.label);
    this.#spent = started.turn.usage;
    const { channel, account } = started.turn.address;
    this.#channel = deps.channels.get(channel, account);
  }

  /** An earlier run of this turn has said and maybe shown something. */
  revive(text: string, draft?: ConstructorParameters<typeof Draft>[3]): void {
    this.#settled = text;
    if (this.#channel?.capabilities.edit && draft) this.#draft = new Draft(this.#channel, this.#started, this.#draftDeps(), draft);
  }

  /** The model is about to be asked. */
  begin(): void {
    if (!this.#channel) return;
    if (this.#channel.capabilities.edit) this.#draft ??= new Draft(this.#channel, this.#started, this.#draftDeps());
    if (this.#channel.typing) this.#type();
  }

  on(event: AgentEvent): void {
    if (event.type === "restart") {
      this.#step = "";
      this.#text.restart();
    }
    if (event.type === "text") this.#show(this.#text.add(event.text));
  }

  #show(text: string): void {
    if (text === "") return;
    const { turn, session } = this.#started;
    const offset = this.visible().length;
    const glue = this.#step === "" && this.#settled !== "" ? "\n\n" : "";
    this.#step += text;
    this.#deps.hub.publish({ event: "turn.delta", session: session.key, payload: { turn_id: turn.id, offset, text: glue + text } });
    // What may not be said there may not be shown there while it is written either.
    if (mayAnswerThere(this.#deps.label.current(), this.#started, this.#deps.places)) this.#draft?.update(this.#deps.label.outgoing(this.visible()));
  }

  /** No more text of this step comes: what a link could have become is shown as the answer will say it. */
  stepEnds(): void {
    this.#show(this.#text.end());
  }

  /** @param usage of the step that has just been committed. */
  stepDone(usage: Usage): void {
    this.stepEnds();
    this.#settled = this.visible();
    this.#step = "";
    this.#spent = addUsage(this.#spent, usage);
  }

  /** What the committed steps of the whole turn have used, earlier runs included. */
  spent(): Usage {
    return this.#spent;
  }

  /** All text of the turn so far, as a person reads it: what has been shown, without what a link that is still being written holds back. */
  visible(): string {
    return this.#settled === "" || this.#step === "" ? this.#settled + this.#step : `${this.#settled}\n\n${this.#step}`;
  }

  /** What the committed steps of this turn have said. */
  settled(): string {
    return this.#settled;
  }

  tokens(content: EntryContent): number {
    return estimateEntry(content);
  }

  /** Ends previews and typing. @returns the draft delivery that the final one has to keep, if there is one. */
  async finish(): Promise<string | undefined> {
    this.close();
    return await this.#draft?.finish();
  }

  close(): void {
    this.#cancelTyping?.();
    this.#cancelTyping = undefined;
  }

  #type(): void {
    void this.#channel!.typing!(this.#started.turn.address).catch(() => {});
    this.#cancelTyping = this.#deps.clock.timer(TYPING_MS, () => this.#type());
  }

  #draftDeps() {
    return { ...this.#deps, ttlMs: this.#deps.deliveryTtlMs };
  }
}

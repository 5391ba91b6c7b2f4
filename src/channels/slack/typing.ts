import type { Address } from "../../core/address.ts";
import type { SlackAccount } from "./account.ts";
import { toChannelError } from "./failure.ts";

/** The status below a thread. Slack takes it away after two minutes or with the next message of the bot there, but not with an edit. */
export interface Typing {
  /** Never rejects. */
  show(address: Address): Promise<void>;
  /** Something was posted or edited in the thread: words say more than a status. */
  spoke(thread: string | undefined, kind: "post" | "edit"): void;
}

const TEXT = "is writing…";
/** It is asked for every few seconds; Slack need not hear it as often. */
const HOLDS_MS = 60_000;
/** While an answer grows before one's eyes nothing is shown below it. */
const SPOKEN_MS = 10_000;
const MAX_THREADS = 500;
const MAX_SILENT = 1_000;

interface State {
  readonly channel: string;
  shownAt: number | undefined;
  spokeAt: number | undefined;
}

export function createTyping(account: SlackAccount): Typing {
  const { api, deps, background } = account;
  const threads = new Map<string, State>();
  const silent = new Set<string>();
  let pausedUntil = 0;

  const set = async (channel: string, thread: string, status: string, signal?: AbortSignal): Promise<boolean> => {
    try {
      await api.call("assistant.threads.setStatus", { channel_id: channel, thread_ts: thread, status }, signal === undefined ? {} : { signal });
      return true;
    } catch (error) {
      const failure = toChannelError(error, "repeatable");
      pausedUntil = deps.clock.monotonic() + (failure.retryAfterMs ?? 0);
      // Not for this app or this kind of conversation: it would be refused the next time too.
      if (failure.failure === "permanent" && silent.size < MAX_SILENT) silent.add(channel);
      deps.log.debug("slack typing not shown", { error: failure });
      return false;
    }
  };
  const clear = (thread: string, state: State) => {
    state.shownAt = undefined;
    background.run(async (signal) => void (await set(state.channel, thread, "", signal)));
  };

  return {
    async show({ conversation: channel, thread }) {
      // Slack shows it below a thread only.
      if (thread === undefined || silent.has(channel)) return;
      const now = deps.clock.monotonic();
      const state = threads.get(thread) ?? { channel, shownAt: undefined, spokeAt: undefined };
      threads.delete(thread);
      threads.set(thread, state);
      if (threads.size > MAX_THREADS) threads.delete(threads.keys().next().value!);
      if (now < pausedUntil || now - (state.shownAt ?? -HOLDS_MS) < HOLDS_MS || now - (state.spokeAt ?? -SPOKEN_MS) < SPOKEN_MS) return;
      state.shownAt = now;
      const { spokeAt } = state;
      if (!(await set(channel, thread, TEXT))) state.shownAt = undefined;
      // The answer overtook it: it would stand below that for two minutes.
      else if (state.spokeAt !== spokeAt) clear(thread, state);
    },
    spoke(thread, kind) {
      const state = thread === undefined ? undefined : threads.get(thread);
      if (thread === undefined || state === undefined) return;
      state.spokeAt = deps.clock.monotonic();
      if (kind === "edit" && state.shownAt !== undefined) clear(thread, state);
      else state.shownAt = undefined;
    },
  };
}

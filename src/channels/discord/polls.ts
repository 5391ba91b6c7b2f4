import type { Sender, Update } from "../../core/update.ts";
import type { InboundContext } from "./inbound.ts";
import type { WireMessage, WireVote } from "./wire.ts";

/** Polls that this process has posted, newest kept: a vote names answers by numbers alone, one event for each. */
export interface Polls {
  add(message: WireMessage): void;
  /** Notes one vote. @returns all that this person has chosen now, in the order of the answers; undefined for a poll that is not ours. */
  cast(vote: WireVote, removed: boolean): readonly string[] | undefined;
}

interface KnownPoll {
  readonly answers: ReadonlyMap<number, string>;
  readonly chosen: Map<string, Set<number>>;
}

const MAX_POLLS = 500;

export function createPolls(): Polls {
  const polls = new Map<string, KnownPoll>();
  return {
    add({ id, poll }) {
      const answers = (poll?.answers ?? []).map(({ answer_id: number, poll_media: media }) => [number ?? 0, media?.text ?? ""] as const);
      polls.set(id, { answers: new Map(answers), chosen: new Map() });
      if (polls.size > MAX_POLLS) polls.delete(polls.keys().next().value!);
    },
    cast({ message_id: id, user_id: user, answer_id: answer }, removed) {
      const poll = polls.get(id);
      if (poll === undefined) return undefined;
      const chosen = poll.chosen.get(user) ?? new Set();
      if (removed) chosen.delete(answer);
      else chosen.add(answer);
      poll.chosen.set(user, chosen);
      return [...poll.answers].flatMap(([number, text]) => (chosen.has(number) ? [text] : []));
    },
  };
}

/** MESSAGE_POLL_VOTE_ADD and MESSAGE_POLL_VOTE_REMOVE (Gateway Events, Polls): they name nobody but by id and have no date. */
export function voteUpdates(vote: WireVote, removed: boolean, context: InboundContext & { readonly polls: Polls }): Update[] {
  if (vote.user_id === context.me.id) return [];
  const options = context.polls.cast(vote, removed);
  if (options === undefined) return [];
  const sender: Sender = { id: vote.user_id };
  return [
    {
      type: "vote",
      key: `vote:${vote.channel_id}:${vote.message_id}:${vote.user_id}:${context.event}:${removed ? "-" : "+"}${vote.answer_id}`,
      address: { channel: "discord", account: context.account, ...context.place },
      sender,
      direct: vote.guild_id === undefined,
      at: context.now,
      pollId: vote.message_id,
      options,
    },
  ];
}

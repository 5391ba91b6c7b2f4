/**
 * The last step of the hall (house.md section 2): one line to IRC. Always true: it counts as sent only when the server has answered behind it; what a private
 * conversation is told goes to a nick only while the person who spoke there holds it.
 */
import type { Receipt, RenderedPart, SendTarget } from "../../core/channel.ts";
import { ChannelError } from "../../core/errors.ts";
import type { IrcAccount } from "./account.ts";
import { idOfAccount, idOfMask } from "./people.ts";
import type { IrcPayload } from "./render.ts";
import type { Session } from "./session.ts";
import { byteLength, splitBytes } from "./split.ts";

/** RFC 2812 section 2.3: with its CR LF. */
const MAX_LINE_BYTES = 512;
/** Longest user and host that are usual, while our own are not known. */
const USER_HOST_BYTES = 75;
/** How long somebody who was found at a nick is taken to be there still. */
const SURE_MS = 10_000;

export function createOutbound(account: IrcAccount): { send(part: RenderedPart, target: SendTarget): Promise<Receipt> } {
  const sure = new Map<string, { nick: string; until: number; session: Session }>();
  const { clock } = account.deps;

  /** The nick of a person, asked for: nicks change hands, and what is private would be read by whoever has it. */
  const nickOf = async (id: string, session: Session): Promise<string> => {
    const known = sure.get(id);
    if (known !== undefined && known.session === session && known.until > clock.monotonic()) return known.nick;
    const guess =
      account.nicks.get(id) ?? (id.startsWith("account:") ? (session.people.nickOf(id.slice("account:".length)) ?? id.slice("account:".length)) : maskNick(id));
    const person = await session.who(guess);
    if (session.over.aborted) throw offline();
    const theirs =
      person !== undefined &&
      (id.startsWith("account:") ? person.account !== undefined && idOfAccount(person.account) === id : idOfMask(`${person.nick}!${person.userHost}`) === id);
    if (!theirs) {
      throw new ChannelError("irc_not_there", `${id} is not on the network under the nick ${guess}`, "permanent", {
        hint: "They have to be there, logged in where they were, and write first",
      });
    }
    if (sure.size > 1_000) sure.clear();
    sure.set(id, { nick: guess, until: clock.monotonic() + SURE_MS, session });
    return guess;
  };

  return {
    async send(part, { address, signal, nonce }) {
      const { session } = account;
      if (session === undefined || session.over.aborted) throw offline();
      const { conversation } = address;
      const target = session.isChannel(conversation) ? conversation : await nickOf(conversation, session);
      if (/[\s,:]/.test(target)) throw new ChannelError("irc_refused", "not a nick or channel", "permanent", { hint: "Check the address" });
      const line = (part.payload as IrcPayload).line.replace(/[\r\n\0]+/g, " ");
      const around = byteLength(`:${session.nick}! PRIVMSG ${target} :`) + (session.userHost === "" ? USER_HOST_BYTES : byteLength(session.userHost)) + 2;
      let said = 0;
      for (const piece of splitBytes(line, Math.max(64, MAX_LINE_BYTES - around))) {
        const answer = await session.say(target, piece, signal);
        if (answer.kind !== "taken") throw failure(answer, said);
        said += 1;
      }
      return { messageId: nonce };
    },
  };
}

function maskNick(id: string): string {
  return id.slice("mask:".length).split("!", 1)[0]!;
}

function offline(): ChannelError {
  return new ChannelError("irc_offline", "not connected to the server", "retry");
}

/** @param said pieces of the same part that have arrived: then nothing of it may be said again. */
function failure({ kind, reason }: { kind: string; reason?: string }, said: number): ChannelError {
  if (kind === "refused") {
    return new ChannelError("irc_refused", `the server answered: ${reason}`, said > 0 ? "unknown" : "permanent", {
      hint: "In a channel the assistant has to be a member and allowed to speak; a person has to be there",
    });
  }
  if (kind === "unsent" && said === 0) return offline();
  return new ChannelError("irc_unconfirmed", "the connection ended before the server had confirmed the line", "unknown");
}

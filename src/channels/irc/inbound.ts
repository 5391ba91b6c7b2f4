/**
 * The step "irc/inbound" of the hall (house.md section 2): what somebody says becomes our update. Decides nothing about who may do what; that is turn/receive.
 */
import type { Address } from "../../core/address.ts";
import type { Sender, Update } from "../../core/update.ts";
import type { IrcAccount } from "./account.ts";
import { type IrcLine, parsePrefix } from "./line.ts";
import { withoutCodes } from "./markup.ts";
import { idOfAccount, idOfMask } from "./people.ts";
import type { Session } from "./session.ts";

export interface Heard {
  readonly line: IrcLine;
  /** Unique on this account where the server gives no id of its own; nothing is ever said twice. */
  readonly id: string;
  /** Wall milliseconds. */
  readonly at: number;
}

/** Whether this line can become an update at all. A NOTICE is never answered (RFC 2812 section 3.3.2), so it is none. */
export function concernsUs({ command, params, prefix }: IrcLine, session: Session): boolean {
  if (command === "KICK") return session.fold(params[1] ?? "") === session.fold(session.nick);
  if (command !== "PRIVMSG" || !prefix.includes("!") || session.fold(parsePrefix(prefix).nick) === session.fold(session.nick)) return false;
  return session.isChannel(params[0] ?? "") || session.fold(params[0] ?? "") === session.fold(session.nick);
}

/** @returns undefined for what has no words. */
export async function translate(account: IrcAccount, session: Session, heard: Heard): Promise<Update | undefined> {
  const { line } = heard;
  const { nick } = parsePrefix(line.prefix);
  const target = line.params[0] ?? "";
  if (line.command === "KICK") {
    const sender = await senderOf(session, { prefix: line.prefix, tags: line.tags, ask: false });
    return {
      type: "membership",
      key: `member:${channelId(target)}:${heard.id}`,
      address: addressOf(account, channelId(target)),
      sender,
      direct: false,
      at: heard.at,
      change: "left",
    };
  }
  const direct = !session.isChannel(target);
  const written = wordsOf(line.params[1] ?? "", nick);
  if (written === undefined) return undefined;
  const { addressed, text } = direct ? { addressed: true, text: written } : calledBy(written, session);
  // A stranger's idle words cause no question to the server.
  const sender = await senderOf(session, { prefix: line.prefix, tags: line.tags, ask: addressed });
  if (direct || sender.id.startsWith("account:")) remember(account.nicks, sender.id, nick);
  return {
    type: "message",
    key: `msg:${direct ? sender.id : channelId(target)}:${heard.id}`,
    address: addressOf(account, direct ? sender.id : channelId(target)),
    sender,
    direct,
    at: heard.at,
    messageId: heard.id,
    message: { parts: [{ type: "text", text }] },
    addressed,
  };
}

/** The one name of a channel in addresses and in the config, however it is typed. */
export function channelId(name: string): string {
  return name.toLowerCase();
}

function addressOf({ config }: IrcAccount, conversation: string): Address {
  return { channel: "irc", account: config.account, conversation };
}

/** CTCP is for clients; of it only /me is something that somebody says. */
function wordsOf(raw: string, nick: string): string | undefined {
  if (raw.startsWith("\u0001")) {
    // oxlint-disable-next-line no-control-regex -- CTCP is framed by them
    const action = /^\u0001ACTION (.*?)\u0001?$/.exec(raw)?.[1];
    return action === undefined ? undefined : blank(`* ${nick} ${withoutCodes(action).trim()}`);
  }
  return blank(withoutCodes(raw).trim());
}

function blank(text: string): string | undefined {
  return text === "" ? undefined : text;
}

/** `clanker: text` and `clanker, text` are said to us, and so is a line in which our nick is a word. */
function calledBy(text: string, session: Session): { addressed: boolean; text: string } {
  const lead = /^@?([^\s:,]+)[:,]?\s+(.*)$/s.exec(text);
  const me = session.fold(session.nick);
  if (lead !== null && session.fold(lead[1]!) === me) return { addressed: true, text: lead[2]! };
  const words = text.split(/[^\p{L}\p{N}[\]\\`_^{|}-]+/u);
  return { addressed: words.some((word) => session.fold(word) === me), text };
}

/** The services account where the server names it, else who they say they are. */
async function senderOf(session: Session, of: { prefix: string; tags: ReadonlyMap<string, string>; ask: boolean }): Promise<Sender> {
  const { nick } = parsePrefix(of.prefix);
  const services = await accountOf(session, of);
  return { id: services === undefined ? idOfMask(of.prefix) : idOfAccount(services), name: nick, username: nick };
}

async function accountOf(
  session: Session,
  { prefix, tags, ask }: { prefix: string; tags: ReadonlyMap<string, string>; ask: boolean },
): Promise<string | undefined> {
  // With the capability the tag's absence is an answer too.
  if (session.caps.has("account-tag")) return tags.get("account");
  if (session.caps.has("extended-join") && session.caps.has("account-notify")) {
    const known = session.people.accountOf(prefix);
    if (known !== "unknown") return known.account;
  }
  if (!ask) return undefined;
  const { nick, userHost } = parsePrefix(prefix);
  const person = await session.who(nick);
  // Somebody else may have taken the nick between the words and the question.
  return person?.userHost === userHost ? person.account : undefined;
}

const MAX_NICKS = 2_000;

function remember(nicks: Map<string, string>, id: string, nick: string): void {
  nicks.delete(id);
  nicks.set(id, nick);
  if (nicks.size > MAX_NICKS) nicks.delete(nicks.keys().next().value!);
}

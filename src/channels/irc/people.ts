/**
 * Who is who. A nick proves nothing: whoever is first has it. What proves something is the services account that the server names, by a tag at the message, by what it
 * said when the person joined, or asked for; only that makes an id `account:NAME`. Everybody else is `mask:nick!user@host`.
 */
import { foldName, type IrcLine, parsePrefix } from "./line.ts";

interface Member {
  userHost: string;
  /** `undefined`: logged in to none. */
  account: string | undefined;
  readonly channels: Set<string>;
}

/** What the server itself tells about the people in our channels. */
export interface People {
  /** The account of a person in one of our channels; `"unknown"` when the server does not tell about them. */
  accountOf(prefix: string): { readonly account: string | undefined } | "unknown";
  /** Takes in what changes it: joins, parts, quits, renames, logins, answers to WHOX. */
  watch(line: IrcLine): void;
  /** The nick in our channels that is logged in to this account, if there is one. */
  nickOf(account: string): string | undefined;
}

/** @param options.fold as the server compares names. @param options.me our nick as it is now. */
export function createPeople(options: { readonly fold: (name: string) => string; readonly me: () => string }): People {
  const { fold } = options;
  const members = new Map<string, Member & { nick: string }>();
  const leave = (nick: string, channel: string) => {
    if (fold(nick) === fold(options.me())) {
      for (const [key, member] of members) if (member.channels.delete(fold(channel)) && member.channels.size === 0) members.delete(key);
      return;
    }
    const member = members.get(fold(nick));
    member?.channels.delete(fold(channel));
    if (member?.channels.size === 0) members.delete(fold(nick));
  };
  const meet = (nick: string, seen: { userHost: string; account: string | undefined; channel: string }) => {
    const key = fold(nick);
    const channels = members.get(key)?.channels ?? new Set<string>();
    channels.add(fold(seen.channel));
    members.set(key, { nick, userHost: seen.userHost, account: seen.account, channels });
  };
  return {
    accountOf(prefix) {
      const { nick, userHost } = parsePrefix(prefix);
      const member = members.get(fold(nick));
      return member === undefined || member.userHost !== userHost ? "unknown" : { account: member.account };
    },
    watch({ command, params, prefix }) {
      const { nick, userHost } = parsePrefix(prefix);
      const member = members.get(fold(nick));
      switch (command) {
        case "JOIN":
          // Only extended-join names the account.
          if (params.length >= 2) meet(nick, { userHost, account: named(params[1]), channel: params[0] ?? "" });
          return;
        case "PART":
          return leave(nick, params[0] ?? "");
        case "KICK":
          return leave(params[1] ?? "", params[0] ?? "");
        case "QUIT":
          return void members.delete(fold(nick));
        case "NICK":
          members.delete(fold(nick));
          if (member !== undefined) members.set(fold(params[0] ?? ""), { ...member, nick: params[0] ?? "" });
          return;
        case "ACCOUNT":
          if (member !== undefined) member.account = named(params[0]);
          return;
        case "CHGHOST":
          if (member !== undefined) member.userHost = `${params[0]}@${params[1]}`;
          return;
        case "354":
          // Asked for with %tcuhna,771: me token channel user host nick account
          if (params[1] === CHANNEL_TOKEN && params[6] !== undefined)
            meet(params[5] ?? "", { userHost: `${params[3]}@${params[4]}`, account: named(params[6]), channel: params[2] ?? "" });
          return;
        default:
      }
    },
    nickOf: (account) => [...members.values()].find((member) => member.account !== undefined && idOfAccount(member.account) === idOfAccount(account))?.nick,
  };
}

/** Marks the answers about a whole channel (WHOX). */
export const CHANNEL_TOKEN = "771";

/** `*` in JOIN and ACCOUNT, `0` in WHOX: logged in to none. */
export function named(account: string | undefined): string | undefined {
  return account === undefined || account === "" || account === "*" || account === "0" ? undefined : account;
}

export function idOfAccount(account: string): string {
  return `account:${account.toLowerCase()}`;
}

export function idOfMask(prefix: string): string {
  const { nick, userHost } = parsePrefix(prefix);
  return `mask:${foldName(nick, "ascii")}!${userHost.toLowerCase()}`;
}

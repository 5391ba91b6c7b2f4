import { described, secret, v } from "../../lib/schema/index.ts";
import { channelConfig, channelGroups } from "../config.ts";

const ACCOUNT_ID = /^account:[^\s:!@,]{1,64}$/;
const NOT_AN_ACCOUNT = "must be account:NAME, the name of a services account: a nick alone can be taken by anybody";
const ANY_ID = /^(\*|account:[^\s:!@,]{1,64}|mask:[^\s!@]{1,64}![^\s!@]{1,64}@[^\s!@]{1,255})$/;
const NOT_AN_ID = "must be account:NAME, or mask:nick!user@host on a network without services";

const lower = v.transform((text: string) => text.toLowerCase());
const accountIds = v.array(v.pipe(v.string(), v.trim(), v.regex(ACCOUNT_ID, NOT_AN_ACCOUNT), lower));
/** A name may hold anything but blanks, commas and the bell (RFC 2812 section 1.3); # and & are the usual beginnings. */
const ircChannel = v.pipe(v.string(), v.trim(), v.regex(/^[#&+!][^\s,:]{1,63}$/, "must be the name of an IRC channel, such as #garden"), lower);
const nick = v.pipe(v.string(), v.trim(), v.regex(/^[A-Za-z[\]\\`_^{|}][A-Za-z0-9[\]\\`_^{|}-]{0,29}$/, "must be a nick: letters, digits, -_[]{}\\`^|"));

const ircEntries = {
  server: described(v.optional(v.pipe(v.string(), v.trim(), v.nonEmpty())), "Host name of the IRC server.", { perAccount: true, example: "irc.libera.chat" }),
  port: described(v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)), 6_697), "Its port; 6697 is that of TLS."),
  tls: described(v.optional(v.boolean(), true), "Encrypt the connection. Switched off, everybody on the way reads along, the password too."),
  tls_fingerprint: described(
    v.optional(v.pipe(v.string(), v.regex(/^([0-9A-Fa-f]{2}:?){32}$/, "must be a SHA-256 fingerprint: 64 hex digits"))),
    "SHA-256 fingerprint of the server's certificate, for one that no authority has signed; exactly that certificate is accepted then.",
    { example: "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF" },
  ),
  nick: described(v.optional(nick, "clanker"), "The assistant's name there; while somebody else has it, one with a _ behind it."),
  login: described(v.optional(v.pipe(v.string(), v.trim(), v.nonEmpty())), "Services account of the assistant (SASL PLAIN); needs login_password.", {
    perAccount: true,
    example: "clanker",
  }),
  login_password: described(v.optional(secret()), "Password of the services account.", { example: "${IRC_PASSWORD}" }),
  server_password: described(v.optional(secret()), "Password that the server itself asks for."),
  channels: described(v.optional(v.array(ircChannel), []), "Channels to join.", { example: ["#garden"] }),
  allowed_users: described(v.optional(v.array(v.pipe(v.string(), v.trim(), v.regex(ANY_ID, NOT_AN_ID), lower)), []), "Who may write directly.", {
    example: ["account:ann"],
  }),
  owner_ids: described(v.optional(accountIds, []), "Services accounts that are you: they have your rights.", { example: ["account:ann"] }),
  groups: described(
    v.optional(
      v.strictObject({
        ...channelGroups.entries,
        allowed: described(v.optional(v.array(ircChannel), []), "Channels that are let in under allowlist.", { example: ["#garden"] }),
        trusted: described(v.optional(accountIds, []), "Services accounts that are trusted in channels; everybody else there is a guest.", {
          example: ["account:ann"],
        }),
      }),
      {},
    ),
    "How channels are treated.",
  ),
};

/** `[channels.irc]`: the account `default`, which may be left out (no server) when there are others under `accounts`. */
export const ircConfig = v.pipe(
  channelConfig(ircEntries),
  v.check((section) => section.server !== undefined || Object.keys(section.accounts).length > 0, "server is missing"),
  v.check((section) => Object.values(section.accounts).every((account) => account.server !== undefined), "every account needs its own server"),
  v.check(
    (section) => [section, ...Object.values(section.accounts)].every((one) => (one.login === undefined) === (one.login_password === undefined)),
    "login and login_password belong together",
  ),
  v.check(
    (section) => [section, ...Object.values(section.accounts)].every((one) => one.tls || one.tls_fingerprint === undefined),
    "tls_fingerprint needs tls = true",
  ),
);

export type IrcConfig = v.InferOutput<typeof ircConfig>;

/** What one adapter needs of its section. */
export interface IrcAccountConfig extends Pick<
  IrcConfig,
  "port" | "tls" | "tls_fingerprint" | "nick" | "login" | "login_password" | "server_password" | "channels"
> {
  /** Name of the account in addresses, `default` for the one written directly under `[channels.irc]`. */
  readonly account: string;
  readonly server: string;
}

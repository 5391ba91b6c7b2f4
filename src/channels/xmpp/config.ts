import type { Secret } from "../../core/secret.ts";
import { described, secret, v } from "../../lib/schema/index.ts";
import { channelConfig, channelGroups } from "../config.ts";

const BARE_JID = /^[^\s@/"&'<>:]{1,255}@[^\s@/"&'<>]{1,255}$/;
const NOT_A_JID = "must be an XMPP address such as ann@example.org, without anything behind it";
const NOT_A_MEMBER = "must be an XMPP address, or occupant:ROOM/ID as the log shows it for rooms that hide addresses; nicknames can be taken by anybody";

const lower = v.transform((text: string) => text.toLowerCase());
const bareJid = v.pipe(v.string(), v.trim(), v.regex(BARE_JID, NOT_A_JID), lower);
const member = v.pipe(
  v.string(),
  v.trim(),
  v.check((text) => BARE_JID.test(text) || /^occupant:[^\s/]+@[^\s/]+\/\S+$/.test(text), NOT_A_MEMBER),
  v.transform((text: string) => (text.startsWith("occupant:") ? text : text.toLowerCase())),
);
const host = v.pipe(v.string(), v.trim(), v.regex(/^[A-Za-z0-9._:-]{1,255}$/, "must be a host name"));
/** RFC 7622 section 3.4 allows more; these are what people can type. */
const name = v.pipe(v.string(), v.trim(), v.regex(/^[\p{L}\p{N}._-]{1,64}$/u, "must be 1 to 64 letters, digits, dots, hyphens and underscores"));

const xmppEntries = {
  jid: described(v.optional(bareJid), "XMPP address of the assistant. Give it an account of its own.", { example: "clanker@example.org", perAccount: true }),
  password: described(v.optional(secret()), "Its password.", { example: "${XMPP_PASSWORD}" }),
  server: described(v.optional(host), "Host to connect to; default: the part of the address behind the @.", { example: "xmpp.example.org", perAccount: true }),
  port: described(v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))), "Its port; default 5222, with tls 5223.", {
    example: 5222,
    perAccount: true,
  }),
  security: described(
    v.optional(v.picklist(["starttls", "tls", "none"]), "starttls"),
    "starttls, tls from the first byte, or none (refused but for a server on this machine). A server that offers no encryption is not logged in to.",
  ),
  tls_fingerprint: described(
    v.optional(v.pipe(v.string(), v.regex(/^([0-9A-Fa-f]{2}:?){32}$/, "must be a SHA-256 fingerprint: 64 hex digits"))),
    "SHA-256 fingerprint of the server's certificate, for one that no authority has signed; exactly that certificate is accepted then.",
    { example: "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF" },
  ),
  resource: described(v.optional(name, "clanker"), "Name of this connection; another one of the same name ends it."),
  nick: described(v.optional(name, "clanker"), "The assistant's name in rooms; while somebody else has it, one with a _ behind it."),
  rooms: described(v.optional(v.array(bareJid), []), "Rooms (MUC) to join. Their server tells who is who in them, so name only those whose server you trust.", {
    example: ["garden@rooms.example.org"],
  }),
  streaming: described(
    v.optional(v.boolean(), false),
    "Show the answer while it is written, by corrections (XEP-0308). Clients that know none show each as a message of its own.",
  ),
  upload_origin: described(
    v.optional(v.pipe(v.string(), v.trim(), v.regex(/^https?:\/\/[^\s/]+$/, "must be an origin such as https://upload.example.org"))),
    "Where the server keeps files, only needed when that is a private address or has no TLS.",
    { example: "https://upload.example.org", perAccount: true },
  ),
  allowed_users: described(v.optional(v.array(v.union([v.literal("*"), bareJid], NOT_A_JID)), []), "XMPP addresses of people who may write directly.", {
    example: ["ann@example.org"],
  }),
  owner_ids: described(v.optional(v.array(bareJid), []), "XMPP addresses that are you: they have your rights.", { example: ["me@example.org"] }),
  groups: described(
    v.optional(
      v.strictObject({
        ...channelGroups.entries,
        allowed: described(v.optional(v.array(bareJid), []), "Addresses of the rooms that are let in under allowlist.", {
          example: ["garden@rooms.example.org"],
        }),
        trusted: described(v.optional(v.array(member), []), "Addresses or occupant ids of people who are trusted in rooms; everybody else there is a guest.", {
          example: ["ann@example.org"],
        }),
      }),
      {},
    ),
    "How rooms are treated.",
  ),
};

interface Keys {
  readonly jid?: string | undefined;
  readonly password?: Secret | undefined;
  readonly server?: string | undefined;
  readonly security: "starttls" | "tls" | "none";
  readonly tls_fingerprint?: string | undefined;
}

function isWhole({ jid, password }: Keys): boolean {
  return jid !== undefined && password !== undefined;
}

/** The password and everything said would stand open on the way. */
function isSafe({ jid, server, security, tls_fingerprint }: Keys): boolean {
  if (security !== "none") return true;
  const at = server ?? jid?.split("@")[1] ?? "localhost";
  return tls_fingerprint === undefined && /^(localhost|127(\.\d{1,3}){3}|::1)$/.test(at);
}

const WHOLE = "jid and password are both needed: docs/channels/xmpp.md";
const SAFE = 'security = "none" is for a server on this machine alone, and has no fingerprint';

/** `[channels.xmpp]`: the account `default`, which may be left out (no jid) when there are others under `accounts`. */
export const xmppConfig = v.pipe(
  channelConfig(xmppEntries),
  v.check((section) => isWhole(section) || (section.jid === undefined && Object.keys(section.accounts).length > 0), WHOLE),
  v.check((section) => Object.values(section.accounts).every(isWhole), WHOLE),
  v.check((section) => [section, ...Object.values(section.accounts)].every(isSafe), SAFE),
);

export type XmppConfig = v.InferOutput<typeof xmppConfig>;

/** What one adapter needs of its section. */
export interface XmppAccountConfig extends Pick<
  XmppConfig,
  "server" | "port" | "security" | "tls_fingerprint" | "resource" | "nick" | "rooms" | "streaming" | "upload_origin"
> {
  /** Name of the account in addresses, `default` for the one written directly under `[channels.xmpp]`. */
  readonly account: string;
  readonly jid: string;
  readonly password: Secret;
}

import type { Secret } from "../../core/secret.ts";
import { described, secret, v } from "../../lib/schema/index.ts";
import { channelConfig, noGroups } from "../config.ts";

const NOT_AN_ADDRESS = "must be a mail address such as ann@example.org";
const lower = v.transform((text: string) => text.toLowerCase());
const mailAddress = v.pipe(v.string(), v.trim(), v.regex(/^[^\s<>@,;:"]+@[^\s<>@,;:"]+$/, NOT_AN_ADDRESS), lower);
const host = v.pipe(v.string(), v.trim(), v.regex(/^[A-Za-z0-9._:-]{1,255}$/, "must be a host name"));
const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535));
const security = v.picklist(["tls", "starttls", "none"]);

/** A star stands for one server's own label, and never for a domain that anybody could register below. */
const authservId = v.union(
  [host, v.pipe(v.string(), v.trim(), v.regex(/^\*(\.[a-z0-9-]+){2,}$/i))],
  "must be the name of a mail server (mx.example.org), or *.example.org where each of several has its own",
);

const emailEntries = {
  groups: noGroups,
  address: described(v.optional(mailAddress), "Mail address of the assistant. Give it a mailbox of its own.", {
    example: "clanker@example.org",
    perAccount: true,
  }),
  display_name: described(v.optional(v.pipe(v.string(), v.trim(), v.nonEmpty()), "Clanker"), "Name beside the address."),
  user: described(v.optional(v.pipe(v.string(), v.nonEmpty())), "Name to log in with at both servers; default: the address."),
  password: described(v.optional(secret()), "Its password; where there are app passwords, one of those.", { example: "${MAIL_PASSWORD}" }),
  imap_host: described(v.optional(host), "IMAP server.", { example: "imap.example.org", perAccount: true }),
  imap_port: described(v.optional(port, 993), "Its port."),
  imap_security: described(v.optional(security, "tls"), "tls from the first byte, starttls, or none (only on your own machine)."),
  smtp_host: described(v.optional(host), "SMTP server that takes mail to be sent.", { example: "smtp.example.org", perAccount: true }),
  smtp_port: described(v.optional(port, 465), "Its port; 587 goes with starttls."),
  smtp_security: described(v.optional(security, "tls"), "As imap_security."),
  folder: described(v.optional(v.pipe(v.string(), v.nonEmpty()), "INBOX"), "Folder that is read."),
  authserv_id: described(
    v.optional(authservId),
    "Name under which your mail server writes Authentication-Results, `*.example.org` where each of several servers writes its own; docs/channels/email.md says how to find it. Only what it says about DMARC makes a sender somebody.",
    { example: "mx.example.org", perAccount: true },
  ),
  accept_unverified: described(
    v.optional(v.boolean(), false),
    "Hand in mail whose sender is not proved, as unverified:ADDRESS. Anybody can write any sender, and answers would go to whoever is named there.",
  ),
  allowed_users: described(
    v.optional(v.array(v.union([v.literal("*"), mailAddress], NOT_AN_ADDRESS)), []),
    "Mail addresses of people who may write; believed only with DMARC.",
    { example: ["ann@example.org"] },
  ),
  owner_ids: described(v.optional(v.array(mailAddress), []), "Mail addresses that are you: they have your rights; believed only with DMARC.", {
    example: ["me@example.org"],
  }),
};

interface Keys {
  readonly address?: string | undefined;
  readonly password?: Secret | undefined;
  readonly imap_host?: string | undefined;
  readonly smtp_host?: string | undefined;
  readonly authserv_id?: string | undefined;
}

function isWhole({ address, password, imap_host, smtp_host, authserv_id }: Keys): boolean {
  return ![address, password, imap_host, smtp_host, authserv_id].includes(undefined);
}

const WHOLE = "address, password, imap_host, smtp_host and authserv_id are all needed: docs/channels/email.md";

/** `[channels.email]`: the account `default`, which may be left out (no address) when there are others under `accounts`. */
export const emailConfig = v.pipe(
  channelConfig(emailEntries),
  v.check((section) => isWhole(section) || (section.address === undefined && Object.keys(section.accounts).length > 0), WHOLE),
  v.check((section) => Object.values(section.accounts).every(isWhole), WHOLE),
);

export type EmailConfig = v.InferOutput<typeof emailConfig>;

/** What one adapter needs of its section. */
export interface EmailAccountConfig extends Pick<
  EmailConfig,
  "display_name" | "user" | "imap_port" | "imap_security" | "smtp_port" | "smtp_security" | "folder" | "accept_unverified"
> {
  /** Name of the account in addresses, `default` for the one written directly under `[channels.email]`. */
  readonly account: string;
  readonly address: string;
  readonly password: Secret;
  readonly imap_host: string;
  readonly smtp_host: string;
  readonly authserv_id: string;
}

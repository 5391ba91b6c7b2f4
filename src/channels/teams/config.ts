import type { Secret } from "../../core/secret.ts";
import { described, secret, v } from "../../lib/schema/index.ts";
import { channelConfig, channelGroups } from "../config.ts";

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function guid(what: string) {
  return v.pipe(v.string(), v.trim(), v.toLowerCase(), v.regex(GUID, `must be ${what}, like 7faf8ab2-3d56-4244-b585-20c8a42ed2b8`));
}

const OBJECT_ID = "the Object ID of a person in Microsoft Entra ID, never a name or mail address";
const person = guid(OBJECT_ID);
/** A person of another tenant that is let in: `TENANT/OBJECT-ID`. */
const foreigner = v.pipe(
  v.string(),
  v.trim(),
  v.toLowerCase(),
  v.regex(new RegExp(`^${GUID.source.slice(1, -1)}/${GUID.source.slice(1, -1)}$`), `must be ${OBJECT_ID}, or TENANT/OBJECT-ID`),
);
const people = v.array(v.union([person, foreigner]));
const CONVERSATION = "must be the id of a group chat or channel: 19:...@thread.v2 or 19:...@thread.tacv2, without ;messageid=";
const url = v.pipe(v.string(), v.url("must be a URL"), v.regex(/^https?:\/\//, "must be an http(s) URL"));
/** An origin; a star stands for the names below a host. */
const origin = v.pipe(v.string(), v.regex(/^https?:\/\/(\*\.)?[a-z0-9.-]+(:\d+)?$/, "must be an origin such as https://*.sharepoint.com"));

const teamsEntries = {
  app_id: described(v.optional(guid("the Application (client) ID of the bot")), "Application (client) ID of the bot's app registration.", {
    perAccount: true,
    example: "0d469698-ab9d-479a-b0d8-758b6e6b1235",
  }),
  app_password: described(v.optional(secret()), "Client secret of the app registration (its value, not its id).", { example: "${TEAMS_APP_PASSWORD}" }),
  tenant_id: described(
    v.optional(guid("the Directory (tenant) ID")),
    "Directory (tenant) ID of your organisation: its people are let in as far as the rules say.",
    {
      perAccount: true,
      example: "72f988bf-86f1-41af-91ab-2d7cd011db47",
    },
  ),
  further_tenants: described(
    v.optional(v.array(guid("a Directory (tenant) ID")), []),
    "Further organisations whose people may reach the bot at all; their ids are written TENANT/OBJECT-ID everywhere.",
  ),
  streaming: described(v.optional(v.boolean(), true), "Show the answer while it is written, by editing the message."),
  service_urls: described(
    v.optional(v.pipe(v.array(url), v.minLength(1, "must name one")), ["https://smba.trafficmanager.net/teams/"]),
    "Bot Connector services that our token may be sent to: what Teams names must have the origin of one of these. The first is used for conversations from which nothing has come yet. Government clouds have their own.",
  ),
  file_origins: described(
    v.optional(v.array(origin), ["https://*.sharepoint.com"]),
    "Where files of personal chats may be fetched from and put to; a star stands for the names below a host.",
  ),
  login_url: described(v.optional(url, "https://login.microsoftonline.com/"), "Where our own token comes from; government clouds have their own."),
  metadata_url: described(
    v.optional(url, "https://login.botframework.com/v1/.well-known/openidconfiguration"),
    "OpenID metadata of the Bot Connector, which says with what keys it signs; government clouds have their own.",
  ),
  issuer: described(v.optional(v.pipe(v.string(), v.nonEmpty()), "https://api.botframework.com"), "Who must have signed what comes in."),
  allowed_users: described(
    v.optional(v.array(v.union([person, foreigner, v.literal("*")], `must be ${OBJECT_ID}`)), []),
    "Object IDs of people who may write directly.",
  ),
  owner_ids: described(v.optional(people, []), "Object IDs that are you: they have your rights."),
  groups: described(
    v.optional(
      v.strictObject({
        ...channelGroups.entries,
        allowed: described(
          v.optional(v.array(v.pipe(v.string(), v.trim(), v.regex(/^19:[^;\s]+$/, CONVERSATION))), []),
          "Ids of the group chats and team channels that are let in under allowlist.",
        ),
        trusted: described(v.optional(people, []), "Object IDs of people who are trusted in groups; everybody else there is a guest."),
      }),
      {},
    ),
    "How group chats and team channels are treated.",
  ),
};

interface Keys {
  readonly app_id?: string | undefined;
  readonly app_password?: Secret | undefined;
  readonly tenant_id?: string | undefined;
}

/** Without a password nothing could be sent, and without app and tenant nobody's token could be checked (sec-104). */
function isAccount({ app_id, app_password, tenant_id }: Keys): boolean {
  return app_id !== undefined && app_password !== undefined && app_password.reveal().trim() !== "" && tenant_id !== undefined;
}

/** `[channels.teams]`: the account `default`, which may be left out (no app_id) when there are others under `accounts`. */
export const teamsConfig = v.pipe(
  channelConfig(teamsEntries),
  v.check(
    (section) => isAccount(section) || (section.app_id === undefined && section.app_password === undefined && Object.keys(section.accounts).length > 0),
    "app_id, app_password and tenant_id are all needed: docs/channels/teams.md says how to get them",
  ),
  v.check((section) => Object.values(section.accounts).every(isAccount), "every account needs its own app_id, app_password and tenant_id"),
);

export type TeamsConfig = v.InferOutput<typeof teamsConfig>;

/** What one adapter needs of its section. */
export interface TeamsAccountConfig extends Pick<
  TeamsConfig,
  "further_tenants" | "streaming" | "service_urls" | "file_origins" | "login_url" | "metadata_url" | "issuer"
> {
  /** Name of the account in addresses, `default` for the one written directly under `[channels.teams]`. */
  readonly account: string;
  readonly app_id: string;
  readonly app_password: Secret;
  readonly tenant_id: string;
}

import type { Secret } from "../../core/secret.ts";
import { described, secret, v } from "../../lib/schema/index.ts";
import { channelConfig, channelGroups } from "../config.ts";

const NOT_A_USER = "must be a Matrix user id: @name:server";
const NOT_A_ROOM = "must be a room id: !something, as in the room's settings under Advanced; an alias (#name:server) can be given to another room";

/** Identifier grammar (spec appendices, "User identifiers", "Room IDs"): rooms of version 12 have no server in theirs. */
const userId = v.pipe(v.string(), v.trim(), v.regex(/^@[^\s:]+:[^\s]+$/, NOT_A_USER), v.maxLength(255));
const roomId = v.pipe(v.string(), v.trim(), v.regex(/^![^\s]+$/, NOT_A_ROOM), v.maxLength(255));
const url = v.pipe(v.string(), v.url("must be a URL"), v.regex(/^https?:\/\//, "must be an http(s) URL"));

const matrixEntries = {
  homeserver: described(v.optional(url), "Address of the homeserver's client API.", { perAccount: true, example: "https://matrix.example.org" }),
  access_token: described(v.optional(secret()), "Access token of a device made for the assistant; nothing else may use that device.", {
    example: "${MATRIX_ACCESS_TOKEN}",
  }),
  user: described(v.optional(userId), "User id to log in with, instead of an access token.", { perAccount: true, example: "@clanker:example.org" }),
  password: described(v.optional(secret()), "Password: to log in with `user`, and to set up cross-signing where the server asks for it.", {
    example: "${MATRIX_PASSWORD}",
  }),
  device_name: described(v.optional(v.pipe(v.string(), v.nonEmpty(), v.maxLength(100)), "Open Clanker"), "How the device is called that a login makes."),
  recovery_key: described(
    v.optional(secret()),
    "Recovery key (security key) of the account's secret storage, if it was set up in another client: opens its cross-signing keys and key backup.",
    { example: "${MATRIX_RECOVERY_KEY}" },
  ),
  encryption: described(v.optional(v.boolean(), true), "End-to-end encryption. false: encrypted rooms cannot be read or written."),
  streaming: described(v.optional(v.boolean(), true), "Show the answer while it is written, by editing the message."),
  allowed_users: described(v.optional(v.array(v.union([userId, v.literal("*")], NOT_A_USER)), []), "User ids of people who may write directly.", {
    example: ["@ann:example.org"],
  }),
  owner_ids: described(v.optional(v.array(userId), []), "User ids that are you: they have your rights.", { example: ["@you:example.org"] }),
  groups: described(
    v.optional(
      v.strictObject({
        ...channelGroups.entries,
        allowed: described(v.optional(v.array(roomId), []), "Ids of the rooms that are let in under allowlist."),
        trusted: described(v.optional(v.array(userId), []), "User ids of people who are trusted in rooms; everybody else there is a guest."),
      }),
      {},
    ),
    "How rooms of more than two are treated.",
  ),
};

interface Keys {
  readonly homeserver?: string | undefined;
  readonly access_token?: Secret | undefined;
  readonly user?: string | undefined;
  readonly password?: Secret | undefined;
}

function isAccount({ homeserver, access_token, user, password }: Keys): boolean {
  return homeserver !== undefined && (access_token !== undefined || (user !== undefined && password !== undefined));
}

function isEmpty({ homeserver, access_token, user, password }: Keys): boolean {
  return homeserver === undefined && access_token === undefined && user === undefined && password === undefined;
}

/** `[channels.matrix]`: the account `default`, which may be left out when there are others under `accounts`. */
export const matrixConfig = v.pipe(
  channelConfig(matrixEntries),
  v.check(
    (section) => isAccount(section) || (isEmpty(section) && Object.keys(section.accounts).length > 0),
    "homeserver is needed, and access_token or user with password: docs/channels/matrix.md says how to get them",
  ),
  v.check((section) => Object.values(section.accounts).every(isAccount), "every account needs its own homeserver, and access_token or user with password"),
);

export type MatrixConfig = v.InferOutput<typeof matrixConfig>;

/** What one adapter needs of its section. */
export interface MatrixAccountConfig extends Pick<
  MatrixConfig,
  "access_token" | "user" | "password" | "device_name" | "recovery_key" | "encryption" | "streaming"
> {
  /** Name of the account in addresses, `default` for the one written directly under `[channels.matrix]`. */
  readonly account: string;
  readonly homeserver: string;
}

import { RequestError } from "../../core/errors.ts";
import { v } from "../../lib/schema/index.ts";
import type { GatewayDeps } from "../deps.ts";
import { defineMethod } from "../method.ts";

const text = v.pipe(v.string(), v.nonEmpty(), v.maxLength(200));

/** A person by id, or by one of their identities. */
const who = {
  person: v.optional(text),
  channel: v.optional(text),
  account: v.optional(text, "default"),
  sender: v.optional(text),
};

interface Who {
  readonly person?: string | undefined;
  readonly channel?: string | undefined;
  readonly account: string;
  readonly sender?: string | undefined;
}

/** What the store keeps, and behind it the log. */
const KINDS = ["identity", "pairing", "message", "entry", "delivery", "memory", "job", "approval", "usage", "log"] as const;
const PAGE = 500;

/** @throws RequestError `bad_params`, `person_not_found`, `owner_not_purged` */
async function findPerson({ person, channel, account, sender }: Who, { store }: GatewayDeps): Promise<string> {
  if (person !== undefined) {
    if (channel !== undefined || sender !== undefined) throw new RequestError("bad_params", "person, or channel and sender, not both");
    const { records } = await store.exportPerson({ person, kind: "identity", limit: 1 });
    const entries = records.length > 0 ? records : (await store.exportPerson({ person, kind: "entry", limit: 1 })).records;
    if (entries.length === 0) throw unknownPerson(person);
    return person;
  }
  if (channel === undefined || sender === undefined) throw new RequestError("bad_params", "name a person, or a channel and a sender there");
  const found = await store.findPerson({ channel, account, senderId: sender });
  if (found === undefined) throw unknownPerson(`${channel}:${account}:${sender}`);
  return found.personId;
}

function unknownPerson(name: string): RequestError {
  return new RequestError("person_not_found", `no person ${JSON.stringify(name)}`, {
    hint: "name the channel and the id that /whoami answers them there; somebody who was never let in is not kept",
  });
}

/** Their ids on the platforms. */
async function sendersOf(person: string, { store }: GatewayDeps): Promise<string[]> {
  const { records } = await store.exportPerson({ person, kind: "identity", limit: 1_000 });
  return records.map((record) => String(record["sender_id"]));
}

async function logPage(person: string, skip: number, deps: GatewayDeps): Promise<{ records: Record<string, unknown>[]; after?: string }> {
  if (!Number.isSafeInteger(skip) || skip < 0) throw new RequestError("bad_params", "after: not one that was answered here");
  const lines = deps.people.logLines(person, await sendersOf(person, deps), { skip, limit: PAGE });
  return { records: lines.map((line) => ({ line })), ...(lines.length === PAGE && { after: String(skip + PAGE) }) };
}

export const peopleMethods = [
  defineMethod({
    name: "sessions.export_user",
    summary:
      "Everything that is kept of one person, log lines included, page by page: begin without `after`, go on with the one that was answered. Its files are those of GET /api/media/ID.",
    params: v.strictObject({ ...who, after: v.optional(v.pipe(v.string(), v.maxLength(400))) }),
    result: v.object({ person: v.string(), records: v.array(v.record(v.string(), v.unknown())), after: v.optional(v.string()) }),
    scope: "admin",
    handler: async ({ after, ...params }, { deps }) => {
      const person = await findPerson(params, deps);
      const [kind = KINDS[0], behind] = after === undefined ? [] : (after.split(/ (.*)/s, 2) as [(typeof KINDS)[number], string?]);
      const at = KINDS.indexOf(kind);
      if (at < 0) throw new RequestError("bad_params", "after: not one that was answered here");
      const page =
        kind === "log"
          ? await logPage(person, Number(behind ?? 0), deps)
          : await deps.store.exportPerson({ person, kind, limit: PAGE, ...(behind === undefined || behind === "" ? {} : { after: behind }) });
      const next = page.after === undefined ? KINDS[at + 1] : `${kind} ${page.after}`;
      return { person, records: page.records.map((record) => ({ kind, ...record })), ...(next === undefined ? {} : { after: next }) };
    },
  }),
  defineMethod({
    name: "sessions.purge_user",
    summary:
      "Forgets a person: conversations that were theirs alone go, their words in others too, with memories, jobs, files, workspaces and log lines. Backups still hold them.",
    params: v.strictObject(who),
    result: v.object({
      person: v.string(),
      sessions: v.number(),
      changed_sessions: v.number(),
      memories: v.number(),
      jobs: v.number(),
      files: v.number(),
      log_lines: v.number(),
      backups: v.array(v.string()),
    }),
    scope: "admin",
    mutating: true,
    long: true,
    handler: async (params, { deps }) => {
      const person = await findPerson(params, deps);
      if (person === "owner")
        throw new RequestError("owner_not_purged", "the owner is not forgotten by a call", { hint: "clanker reset moves everything aside" });
      const purged = await deps.people.purge(person, await sendersOf(person, deps));
      const { removedSessions, changedSessions, memories, jobs, files, logLines, aside } = purged;
      const backups = (await deps.backups.list()).map(({ folder }) => folder);
      return {
        person,
        sessions: removedSessions.length,
        changed_sessions: changedSessions.length,
        memories,
        jobs,
        files,
        log_lines: logLines,
        backups: [...backups, ...aside],
      };
    },
  }),
];

/** Reads a gateway's database from outside, as it stands on disk or in the server: the checker trusts nothing that the gateway says about itself. */
import { DatabaseSync } from "node:sqlite";
import { Client } from "pg";

export interface InboxRow {
  readonly id: string;
  readonly channel: string;
  readonly key: string;
  readonly session_id: string;
  readonly turn_id: string | null;
}

export interface TurnRow {
  readonly id: string;
  readonly session_id: string;
  readonly status: string;
  readonly attempts: number;
}

export interface EntryRow {
  readonly session_id: string;
  readonly number: number;
  readonly content: string;
  readonly turn_id: string | null;
  readonly message_id: string | null;
}

export interface DeliveryRow {
  readonly id: string;
  readonly turn_id: string | null;
  readonly conversation: string;
  readonly status: string;
}

export interface PartRow {
  readonly delivery_id: string;
  readonly number: number;
  readonly status: string;
  readonly text: string;
  readonly receipt: string | null;
}

export interface Snapshot {
  readonly sessions: readonly { readonly id: string; readonly key: string; readonly last_entry: number }[];
  readonly inbox: readonly InboxRow[];
  readonly turns: readonly TurnRow[];
  readonly entries: readonly EntryRow[];
  readonly deliveries: readonly DeliveryRow[];
  readonly parts: readonly PartRow[];
  /** `ok`, or what is wrong with the file. */
  readonly integrity: string;
}

/** A database as seen from outside of the gateway. */
export interface SoakDatabase {
  /** Keys of `keys` that are not committed at this moment. */
  missing(keys: readonly string[]): string[] | Promise<string[]>;
  read(): Promise<Snapshot>;
  close(): Promise<void>;
}

const QUERIES = {
  sessions: "SELECT id, key, last_entry FROM sessions ORDER BY created_at",
  inbox: "SELECT id, channel, key, session_id, turn_id FROM inbox ORDER BY seq",
  turns: "SELECT id, session_id, status, attempts FROM turns ORDER BY session_id, position",
  entries: "SELECT session_id, number, content, turn_id, message_id FROM entries ORDER BY session_id, number",
  deliveries: "SELECT id, turn_id, conversation, status FROM deliveries ORDER BY seq",
  parts: "SELECT delivery_id, number, status, text, receipt FROM delivery_parts ORDER BY delivery_id, number",
} as const;

/** Looks into the file at the very moment it is asked: nothing else happens in this process meanwhile. */
export function sqliteDatabase(path: string): SoakDatabase {
  const open = () => new DatabaseSync(path, { readOnly: true, timeout: 2_000 });
  return {
    missing(keys) {
      const database = open();
      try {
        const find = database.prepare("SELECT 1 FROM inbox WHERE channel = 'telegram' AND account = 'default' AND key = ?");
        return keys.filter((key) => find.get(key) === undefined);
      } finally {
        database.close();
      }
    },
    async read() {
      const database = open();
      try {
        const rows = Object.entries(QUERIES).map(([name, sql]) => [name, database.prepare(sql).all()]);
        const { integrity_check: integrity } = database.prepare("PRAGMA integrity_check").get() as { integrity_check: string };
        return { ...Object.fromEntries(rows), integrity } as Snapshot;
      } finally {
        database.close();
      }
    },
    close: async () => {},
  };
}

/** @param url of the gateway's own database */
export async function postgresDatabase(url: string): Promise<SoakDatabase> {
  const client = new Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  return {
    async missing(keys) {
      const { rows } = await client.query<{ key: string }>("SELECT key FROM inbox WHERE channel = 'telegram' AND account = 'default' AND key = ANY($1)", [
        keys,
      ]);
      return keys.filter((key) => !rows.some((row) => row.key === key));
    },
    async read() {
      const snapshot: Record<string, unknown> = {};
      for (const [name, sql] of Object.entries(QUERIES)) snapshot[name] = (await client.query(sql)).rows.map(withNumbers);
      // The server watches over its own files; here it is asked whether the indexes know the same rows as the tables.
      const { rows } = await client.query<{ n: string }>(
        "SELECT count(*) AS n FROM inbox a FULL JOIN (SELECT id FROM inbox) b ON a.id = b.id WHERE a.id IS NULL OR b.id IS NULL",
      );
      return { ...snapshot, integrity: rows[0]?.n === "0" ? "ok" : "inbox and its index differ" } as Snapshot;
    },
    close: () => client.end(),
  };
}

/** BIGINT comes as text from pg. */
function withNumbers(row: Record<string, unknown>): Record<string, unknown> {
  const numbers = new Set(["number", "attempts", "last_entry"]);
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, numbers.has(name) ? Number(value) : value]));
}

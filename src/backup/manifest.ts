import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { StoreError } from "../core/errors.ts";
import { v } from "../lib/schema/index.ts";

/** A path below its part, with `/` between names: no way out of the folder, on no platform. */
const relativePath = v.pipe(
  v.string(),
  v.check((path) => path !== "" && !/[\\:\0]/.test(path) && path.split("/").every((name) => name !== "" && name !== "." && name !== ".."), "leaves the backup"),
);
const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));

const whole = v.pipe(v.number(), v.integer(), v.minValue(0));
const owned = { path: relativePath, mode: whole, uid: whole, gid: whole };

const file = v.union([
  v.strictObject({ ...owned, bytes: whole, sha256 }),
  v.strictObject({ ...owned, folder: v.literal(true) }),
  // A symbolic link is kept as one and never followed.
  v.strictObject({ path: relativePath, link: v.string() }),
]);

const database = v.strictObject({
  bytes: whole,
  sha256,
  /** Newest migration in it. */
  schema: v.number(),
  /** When its newest message came, wall milliseconds. */
  newest_message_at: v.optional(v.number()),
});

const manifest = v.strictObject({
  format: v.literal(1),
  version: v.string(),
  /** Wall milliseconds. */
  created_at: v.number(),
  by: v.picklist(["person", "schedule"]),
  /** Missing where the database is not ours to copy. */
  database: v.optional(database),
  /** False where the workspaces were left out. */
  workspaces: v.boolean(),
  config: v.array(file),
  data: v.array(file),
});

/** What a backup holds; lies in it as `manifest.json`, written last, so that a folder without one is no backup. */
export type Manifest = v.InferOutput<typeof manifest>;
export type BackupFile = v.InferOutput<typeof file>;
/** What a look into a database tells. */
export type DatabaseFacts = Pick<NonNullable<Manifest["database"]>, "schema" | "newest_message_at">;

export const MANIFEST = "manifest.json";
/** The database in a backup. */
export const DATABASE = "clanker.db";

/** @throws StoreError `backup_unreadable` */
export async function readManifest(folder: string): Promise<Manifest> {
  try {
    return v.parse(manifest, JSON.parse(await readFile(join(folder, MANIFEST), "utf8")));
  } catch (cause) {
    throw new StoreError("backup_unreadable", `${folder} is not a whole backup: ${cause instanceof Error ? cause.message : String(cause)}`, {
      hint: "Name the folder of a backup, the one that holds manifest.json; list them with: clanker backup --list",
      cause,
    });
  }
}

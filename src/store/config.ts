import { described, secret, v } from "../lib/schema/index.ts";

/** `[storage]` */
export const storageConfig = v.pipe(
  v.strictObject({
    backend: described(v.optional(v.picklist(["sqlite", "postgres", "memory"]), "sqlite"), "Where everything is kept. memory forgets all at the end.", {
      restart: true,
    }),
    path: described(
      v.optional(v.pipe(v.string(), v.nonEmpty("must not be empty"))),
      "Database file for sqlite, relative to the data folder; default: clanker.db there.",
      {
        restart: true,
        example: "clanker.db",
      },
    ),
    backups: described(
      v.optional(
        v.strictObject({
          every_hours: described(
            v.optional(v.pipe(v.number(), v.minValue(0)), 24),
            "A backup of everything but the workspaces is made this often, into the folder backups of the data folder; 0: only when asked for.",
            { restart: true },
          ),
          keep: described(v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 3), "How many of these are kept; those made by hand stay.", {
            restart: true,
          }),
        }),
        {},
      ),
      "Backups by the clock. They hold secrets, as the home does.",
    ),
    url: described(v.optional(secret()), "Connection string for postgres.", { restart: true, example: "${DATABASE_URL}" }),
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (dataset.typed && dataset.value.backend === "postgres" && dataset.value.url === undefined) {
      addIssue({ message: 'backend = "postgres" needs url', path: [{ type: "object", origin: "value", input: dataset.value, key: "url", value: undefined }] });
    }
  }),
);

export type StorageConfig = v.InferOutput<typeof storageConfig>;

import type { Migration } from "./dialect.ts";

/** Each of the two commits of a turn wrote a page of it, for a list that a process reads every few seconds: leases are few enough to be read through. */
export const fewerPages: Migration = { number: 10, name: "fewer-pages", statements: () => ["DROP INDEX leases_owner"] };

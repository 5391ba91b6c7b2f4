import { computed, signal, type ReadonlySignal } from "@preact/signals";
import type { Methods } from "../../../src/client/index.ts";
import type { Connection, GatewayEvent } from "../connection/connection.ts";
import type { WireSession } from "../connection/wire.ts";
import { MAIN_SESSION } from "./session-name.ts";

export type FoundMessage = Methods["sessions.search"]["result"]["messages"][number];

/** The list of conversations and which one is looked at. */
export interface Sessions {
  readonly list: ReadonlySignal<readonly WireSession[]>;
  readonly current: ReadonlySignal<string>;
  open(session: string): void;
  create(): Promise<void>;
  rename(session: string, label: string): Promise<void>;
  remove(session: string): Promise<void>;
  /** Archived conversations while they are shown. */
  readonly shelf: ReadonlySignal<readonly WireSession[] | undefined>;
  showShelf(shown: boolean): Promise<void>;
  archive(session: string): Promise<void>;
  restore(session: string): Promise<void>;
  search(query: string): Promise<readonly FoundMessage[]>;
  /** After every connect. */
  resume(): Promise<void>;
  handle(event: GatewayEvent): void;
}

export function createSessions(connection: Connection): Sessions {
  const known = signal<readonly WireSession[]>([]);
  const current = signal(MAIN_SESSION);

  // The main conversation is always offered, and what is looked at is always in the list.
  const list = computed(() => {
    const now = Date.now();
    const blank = (session: string): WireSession => ({ session, session_id: "", agent: "main", last_entry: 0, created_at: now, updated_at: 0 });
    const keys = new Set(known.value.map((item) => item.session));
    const missing = [MAIN_SESSION, current.value].filter((key, index, all) => !keys.has(key) && all.indexOf(key) === index);
    const all = [...known.value, ...missing.map(blank)].toSorted((a, b) => b.updated_at - a.updated_at);
    return [...all.filter((item) => item.session === MAIN_SESSION), ...all.filter((item) => item.session !== MAIN_SESSION)];
  });

  const shelf = signal<readonly WireSession[] | undefined>(undefined);
  const listed = async (archived: boolean) => (await connection.call("sessions.list", { ended: false, archived, limit: 200 })).sessions;
  const load = async () => {
    known.value = await listed(false);
    if (shelf.value !== undefined) shelf.value = await listed(true);
  };
  let reloading = false;
  const reload = () => {
    if (reloading) return;
    reloading = true;
    // Many events come at once; one list answers them all. A failure is told by the connection, and the next connect reads the list again.
    setTimeout(() => {
      reloading = false;
      load().catch(() => undefined);
    }, 150);
  };
  return {
    list,
    current,
    open(session) {
      current.value = session;
    },
    async create() {
      const session = await connection.call("sessions.create", {});
      known.value = [session, ...known.value];
      current.value = session.session;
    },
    async rename(session, label) {
      const changed = await connection.call("sessions.patch", { session, label: label === "" ? null : label });
      known.value = known.value.map((item) => (item.session === session ? changed : item));
    },
    async remove(session) {
      await connection.call("sessions.delete", { session });
      known.value = known.value.filter((item) => item.session !== session);
      if (current.value === session) current.value = MAIN_SESSION;
    },
    shelf,
    async showShelf(shown) {
      shelf.value = shown ? await listed(true) : undefined;
    },
    async archive(session) {
      await connection.call("sessions.archive", { session });
      if (current.value === session) current.value = MAIN_SESSION;
      await load();
    },
    async restore(session) {
      await connection.call("sessions.restore", { session });
      await load();
    },
    search: async (query) => (await connection.call("sessions.search", { query, limit: 50 })).messages,
    resume: load,
    handle(event) {
      if (event.event === "session.changed" || event.event === "message.accepted" || event.event === "turn.ended") reload();
    },
  };
}

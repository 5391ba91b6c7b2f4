import { computed, signal, type ReadonlySignal } from "@preact/signals";
import type { Connection, GatewayEvent } from "../connection/connection.ts";
import type { WireSession } from "../connection/wire.ts";
import { MAIN_SESSION } from "./session-name.ts";

/** The list of conversations and which one is looked at. */
export interface Sessions {
  readonly list: ReadonlySignal<readonly WireSession[]>;
  readonly current: ReadonlySignal<string>;
  open(session: string): void;
  create(): Promise<void>;
  rename(session: string, label: string): Promise<void>;
  remove(session: string): Promise<void>;
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

  const load = async () => {
    const { sessions } = await connection.call("sessions.list", { ended: false, limit: 200 });
    known.value = sessions;
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
    resume: load,
    handle(event) {
      if (event.event === "session.changed" || event.event === "message.accepted" || event.event === "turn.ended") reload();
    },
  };
}

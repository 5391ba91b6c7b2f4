import { signal, type ReadonlySignal } from "@preact/signals";
import { isLost, type Connection, type GatewayEvent } from "../connection/connection.ts";
import type { WirePairing } from "../connection/wire.ts";

/** Somebody who asks to be let in, as the page shows them. */
export interface Knock {
  readonly pairing: WirePairing;
  /** An answer is on its way. */
  readonly busy: boolean;
  readonly problem?: string | undefined;
}

export interface Pairings {
  readonly open: ReadonlySignal<readonly Knock[]>;
  load(): Promise<void>;
  handle(event: GatewayEvent): void;
  /** @param code what the person was given: names can be anybody's, the code is theirs alone. */
  approve(pairing: WirePairing, code: string): void;
  deny(pairing: WirePairing): void;
}

export function createPairings(connection: Connection): Pairings {
  const open = signal<readonly Knock[]>([]);
  const change = (id: string, more: Partial<Knock>) => (open.value = open.value.map((one) => (one.pairing.pairing_id === id ? { ...one, ...more } : one)));
  const load = async () => {
    const { pairings } = await connection.call("pairing.list", {});
    const known = new Map(open.value.map((one) => [one.pairing.pairing_id, one]));
    open.value = pairings.filter(({ status }) => status === "pending").map((pairing) => known.get(pairing.pairing_id) ?? { pairing, busy: false });
  };
  const answered = (id: string, answer: Promise<{ readonly pairing: WirePairing }>) => {
    change(id, { busy: true, problem: undefined });
    answer.then(
      ({ pairing }) => {
        open.value = open.value.filter((one) => one.pairing.pairing_id !== pairing.pairing_id);
        // Whoever has the code is let in, whatever card it was typed into.
        if (pairing.pairing_id !== id) change(id, { busy: false, problem: `That was the code of ${pairing.name ?? pairing.sender_id}: they are let in.` });
      },
      (error: unknown) => {
        const problem = isLost(error) ? "The connection broke; the answer may not have arrived." : error instanceof Error ? error.message : String(error);
        change(id, { busy: false, problem });
      },
    );
  };
  return {
    open,
    load,
    handle(event) {
      // A failure means that the socket broke: the next connect reads all of it.
      if (event.event === "pairing.changed") load().catch(() => undefined);
    },
    approve({ pairing_id: id, channel, account }, code) {
      answered(id, connection.call("pairing.approve", { code, channel, account }));
    },
    deny({ pairing_id: id }) {
      answered(id, connection.call("pairing.deny", { pairing_id: id }));
    },
  };
}

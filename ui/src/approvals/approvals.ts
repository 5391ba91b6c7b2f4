import { signal, type ReadonlySignal } from "@preact/signals";
import { isLost, type Connection, type GatewayEvent } from "../connection/connection.ts";
import type { WireApproval } from "../connection/wire.ts";

export type Choice = WireApproval["choices"][number];

/** A question of the assistant's, as the page shows it. */
export interface OpenAsk {
  readonly ask: Pick<WireApproval, "approval_id" | "code" | "session" | "tool" | "text" | "choices" | "expires_at">;
  /** An answer is on its way. */
  readonly busy: boolean;
  readonly problem?: string | undefined;
}

/** What waits for the owner, whatever conversation it came from. */
export interface Approvals {
  readonly open: ReadonlySignal<readonly OpenAsk[]>;
  load(): Promise<void>;
  handle(event: GatewayEvent): void;
  answer(id: string, choice: Choice): void;
}

export function createApprovals(connection: Connection): Approvals {
  const open = signal<readonly OpenAsk[]>([]);
  const change = (id: string, more: Partial<OpenAsk>) => (open.value = open.value.map((one) => (one.ask.approval_id === id ? { ...one, ...more } : one)));
  const remove = (id: string) => (open.value = open.value.filter((one) => one.ask.approval_id !== id));
  return {
    open,
    async load() {
      const { approvals } = await connection.call("approvals.list", {});
      open.value = approvals.toReversed().map((ask) => ({ ask, busy: false }));
    },
    handle(event) {
      if (event.event === "approval.resolved") remove(event.payload.approval_id);
      if (event.event !== "approval.asked" || event.session === undefined) return;
      const { session, payload } = event;
      if (!open.value.some((one) => one.ask.approval_id === payload.approval_id)) open.value = [...open.value, { ask: { ...payload, session }, busy: false }];
    },
    answer(id, choice) {
      change(id, { busy: true, problem: undefined });
      connection.call("approvals.resolve", { approval: id, decision: choice }).then(
        () => remove(id),
        (error: unknown) => {
          // The next connect reads what is still open; here nobody knows yet.
          const problem = isLost(error) ? "The connection broke; the answer may not have arrived." : error instanceof Error ? error.message : String(error);
          change(id, { busy: false, problem });
        },
      );
    },
  };
}

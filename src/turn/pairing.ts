/**
 * Hall, step 1, strangers: gives them a code where the owner's policy is pairing, and lets in whom the owner names by it. What must stay true: the code is stored as a
 * digest only, holds for one sender on one account, once, for an hour; who is let in is trusted in direct chats of that account and nowhere else (sec-32, sec-37).
 */
import type { Clock } from "../core/clock.ts";
import type { Hub } from "../core/event.ts";
import { newId, type Random } from "../core/random.ts";
import type { Pairing } from "../core/records.ts";
import type { NewDelivery, NewPairing, Operations, Store } from "../core/store.ts";
import type { Update } from "../core/update.ts";
import { sha256Hex } from "../lib/digest/index.ts";
import { newCode, normalCode } from "../security/code.ts";
import type { Channels } from "./channels.ts";

export interface PairingDesk {
  /** A fresh code for the sender of this update, and what they are told. Nothing is stored here. */
  offer(update: Update): { pairing: NewPairing; notice: NewDelivery };
  /** @param by person id of who answers. */
  answer(given: PairingAnswer, by: string): Promise<Operations["answerPairing"]["output"]>;
  list(): Promise<Pairing[]>;
}

export type PairingAnswer = {
  readonly decision: "approve" | "deny";
  /** If named, the code must have been given there. */
  readonly channel?: string | undefined;
  readonly account?: string | undefined;
} & ({ readonly code: string } | { readonly id: string });

const CODE_LENGTH = 8;
const CODE_TTL_MS = 3600_000;
const NOTICE_TTL_MS = 24 * 3600_000;

export interface PairingDeps {
  readonly store: Store;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly random: Random;
  readonly channels: Channels;
}

export function createPairingDesk(deps: PairingDeps): PairingDesk {
  return {
    offer(update) {
      const code = newCode(deps.random, CODE_LENGTH);
      const expiresAt = deps.clock.now() + CODE_TTL_MS;
      const { name } = update.sender;
      const pairing = {
        id: newId(deps.clock, deps.random),
        codeHash: sha256Hex(code),
        address: update.address,
        expiresAt,
        ...(name !== undefined && { name: name.slice(0, 100) }),
      };
      const text = `I do not know you yet, so I cannot answer. Your id here is ${update.sender.id} and your pairing code is ${code}; it holds for an hour.\nIf you know the owner, ask them to write to me:\n/pair ${code}\nor to run:\nclanker pairing approve ${code}`;
      return { pairing, notice: notice(text, update.address, expiresAt, deps) };
    },
    async answer(given, by) {
      const now = deps.clock.now();
      const named = "code" in given ? { codeHash: sha256Hex(normalCode(given.code)) } : { id: given.id };
      const { decision, channel, account } = given;
      const answered = await deps.store.answerPairing({
        ...named,
        decision,
        by,
        now,
        ...(channel !== undefined && { channel }),
        ...(account !== undefined && { account }),
      });
      if (answered.kind === "answered")
        deps.hub.publish({ event: "pairing.changed", payload: { pairing_id: answered.pairing.id, change: decision === "approve" ? "approved" : "denied" } });
      if ((answered.kind === "answered" || answered.kind === "known") && answered.pairing.status === "approved") {
        const { id, address } = answered.pairing;
        // Also when it was answered before: a crash may have come between the two commits. The id makes it one notice.
        const delivery = { ...notice("You are let in. Write to me whenever you like.", address, now + NOTICE_TTL_MS, deps), id };
        await deps.store.enqueueDelivery({ delivery, now });
        deps.channels.wake(address);
      }
      return answered;
    },
    list: () => deps.store.listPairings({ statuses: ["pending", "approved"], now: deps.clock.now(), limit: 500 }),
  };
}

function notice(text: string, address: Update["address"], expiresAt: number, deps: PairingDeps): NewDelivery {
  return { id: newId(deps.clock, deps.random), address, parts: deps.channels.render(address, { parts: [{ type: "notice", text }] }), expiresAt };
}

/** Leases as the watch has seen them taken: only the newest holder writes, and nobody takes what another one holds. */
import type { Fence } from "../../src/core/records.ts";
import type { OperationName } from "../../src/store/operations/operations.ts";
import type { Watcher } from "./sim-world.ts";
import type { Subject } from "./subject.ts";
import { startedBy } from "./started-by.ts";

type Leased = { owner: string | undefined; fence: number; expiresAt: number };

export class LeaseWatch implements Subject {
  readonly #watch: Watcher;
  #leases = new Map<string, Leased>();

  constructor(watch: Watcher) {
    this.#watch = watch;
  }

  committed(name: OperationName, input: Record<string, unknown>, output: unknown): void {
    this.#guarded(name, input);
    const [now, leaseMs] = [input["now"] as number, input["leaseMs"] as number];
    for (const { fence } of startedBy(name, output)) this.#claimed(fence, now, leaseMs, name === "commitTurn" || name === "suspendTurn" ? "kept" : "free");
    if (name === "claimLease" && output !== undefined) this.#claimed(output as Fence, now, leaseMs, "own");
    if (name === "boot") this.#booted(`${String(input["instance"])}.`);
    if (name === "renewLeases") for (const lease of output as string[]) this.#renewed(lease, now + leaseMs);
    if (
      name === "releaseLease" ||
      name === "postponeTurn" ||
      ((name === "commitTurn" || name === "suspendTurn") && (output as { next?: unknown }).next === undefined)
    )
      this.#freed((_, key) => key === (input["fence"] as Fence).lease);
  }

  powerLost(): void {
    const rows = this.#watch.rows<{ lease: string; owner: string | null; fence: number; expires_at: number }>(
      "SELECT lease, owner, fence, expires_at FROM leases",
    );
    this.#leases = new Map(rows.map((row) => [row.lease, { owner: row.owner ?? undefined, fence: row.fence, expiresAt: row.expires_at }]));
  }

  #guarded(name: OperationName, { fence }: Record<string, unknown>): void {
    if (fence === undefined) return;
    const { lease, fence: number } = fence as Fence;
    const newest = this.#leases.get(lease)?.fence ?? 0;
    if (number < newest) this.#watch.broken("P3", `${name} was done under fence ${number} of ${lease}, which is at ${newest}`);
  }

  /** @param how a lease may be taken when it is free, also when it is the owner's own, or it is only prolonged. */
  #claimed({ lease, owner, fence }: Fence, now: number, leaseMs: number, how: "free" | "own" | "kept"): void {
    const held = this.#leases.get(lease);
    if (how === "kept" ? held?.fence !== fence : fence <= (held?.fence ?? 0))
      this.#watch.broken("P3", `${lease} was taken with fence ${fence} after ${held?.fence ?? 0}`);
    if (how !== "kept" && held?.owner !== undefined && held.expiresAt > now && !(how === "own" && held.owner === owner))
      this.#watch.broken("P3", `${lease} was taken by ${owner} while ${held.owner} held it`);
    this.#leases.set(lease, { owner, fence, expiresAt: now + leaseMs });
  }

  /** What a dead process held must not stand in the way of the next one: it goes on at once, not when the lease has run out. */
  #booted(prefix: string): void {
    this.#freed((lease) => lease.owner?.startsWith(prefix) === true);
    for (const { lease } of this.#watch.rows<{ lease: string }>("SELECT lease FROM leases WHERE owner LIKE ?", `${prefix}%`))
      this.#watch.broken("P5", `${lease} is still held by the dead process of the same home`);
  }

  #freed(which: (lease: Leased, key: string) => boolean): void {
    for (const [key, lease] of this.#leases) if (which(lease, key)) this.#leases.set(key, { owner: undefined, fence: lease.fence, expiresAt: 0 });
  }

  #renewed(lease: string, expiresAt: number): void {
    const held = this.#leases.get(lease);
    if (held) this.#leases.set(lease, { ...held, expiresAt });
  }
}

import type { Fence } from "../records.ts";
import type { Durabilities, Operation } from "./operation.ts";

/** Who holds what. */
export interface LeasesOperations {
  /** full. @returns undefined while another owner holds it. */
  claimLease: Operation<{ lease: string; owner: string; now: number; leaseMs: number }, Fence | undefined>;
  /** All leases of this owner at once; answers those that it still holds. lazy. */
  renewLeases: Operation<{ owner: string; now: number; leaseMs: number }, string[]>;
  releaseLease: Operation<{ fence: Fence }, void>;
}

export const LEASES_DURABILITY: Durabilities<LeasesOperations> = {
  claimLease: "full",
  renewLeases: "lazy",
  releaseLease: "lazy",
};

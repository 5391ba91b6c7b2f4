import type { Climate } from "./climate.ts";
import type { Mutation } from "./sim-database.ts";

export interface Mutant {
  readonly name: string;
  readonly mutation: Mutation;
  /** Many short lives in which the power fails all the time, instead of a few long ones: for what is lost within milliseconds. */
  readonly powerCuts?: true;
  /** What a world must have for it. */
  readonly climate?: Partial<Climate>;
}

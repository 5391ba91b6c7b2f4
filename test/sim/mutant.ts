import type { Climate } from "./climate.ts";
import type { Mutation } from "./sim-database.ts";

/** A promise taken out of the house, which at least one world has to notice. */
export interface Mutant {
  readonly name: string;
  readonly mutation: Mutation;
  /** Many short lives in which the power fails all the time, instead of a few long ones: for what is lost within milliseconds. */
  readonly powerCuts?: true;
  /** What a world must have for it. */
  readonly climate?: Partial<Climate>;
}

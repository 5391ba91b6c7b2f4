import type { Update } from "../../src/core/update.ts";
import type { RecordingIntake } from "./recording-intake.ts";

/** Somebody whom the owner does not know, and all that they can do at a channel. Each channel has one in `NAME/stranger.ts`. */
export interface Scene {
  /** One event of each kind that the platform tells a bot of, done by the stranger. */
  readonly does: { readonly [K in Update["type"]]?: () => void };
  /** The stranger's id. */
  readonly stranger: string;
  /** Requests that the adapter has sent so far for anything but its own upkeep. */
  calls(): number;
}

/** Begins an adapter over this intake, beside its platform. @param ends is told what has to be closed afterwards, the last first */
export type Stranger = (intake: RecordingIntake, ends: (close: () => Promise<void>) => void) => Promise<Scene>;

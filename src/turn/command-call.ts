import type { Principal } from "../core/principal.ts";
import type { NewSession } from "../core/store.ts";
import type { Update } from "../core/update.ts";

/** Who gives a command, and where. */
export interface CommandCall {
  readonly principal: Principal;
  readonly session: NewSession;
  readonly update: Update;
}

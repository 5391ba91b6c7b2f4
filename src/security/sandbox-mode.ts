import type { Principal } from "../core/principal.ts";
import type { ExecProfile } from "../core/processes.ts";

/** `non_main`: everything but the owner's own direct chat is sandboxed. `never` is the owner's explicit wish. */
export type SandboxMode = "never" | "non_main" | "always";

/** Where programs of a turn run. A missing sandbox never changes the answer (sec-60). */
export function execProfile(mode: SandboxMode, { class: who, direct }: Principal): ExecProfile {
  if (mode === "never") return "host";
  return mode === "non_main" && who === "owner" && direct ? "host" : "sandbox";
}

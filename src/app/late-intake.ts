import type { Intake } from "../core/intake.ts";

/** Channels are made before the hall that they hand their updates to. */
export function lateIntake() {
  let real: Intake | undefined;
  return {
    port: { receive: (...args: Parameters<Intake["receive"]>) => real!.receive(...args) },
    become: (intake: Intake) => (real = intake),
  };
}

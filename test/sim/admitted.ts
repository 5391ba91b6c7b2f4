import type { Update } from "../../src/core/update.ts";

/** Whether the policy of every simulated place lets this sender in: strangers leave no row in the inbox. */
export function isAdmitted({ sender, address, authenticated }: Update): boolean {
  return authenticated !== undefined || address.conversation === "-5" || sender.id === "1" || sender.id === "2";
}

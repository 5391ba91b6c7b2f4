import { ClankerError } from "../core/errors.ts";
import { isAlive } from "./gateway-link.ts";

const STOP_MS = 10_000;
const LOOK_MS = 50;

/**
 * Asks a gateway's process to end and waits until it has.
 * @param waitMs a gateway drains for at most 10 s (fault-75).
 * @throws ClankerError `gateway_still_running`
 */
export async function endProcess(pid: number, waitMs = STOP_MS): Promise<void> {
  process.kill(pid, "SIGTERM");
  for (let waited = 0; waited < waitMs; waited += LOOK_MS) {
    if (!isAlive(pid)) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new ClankerError("gateway_still_running", `pid ${pid} has not ended within ${waitMs / 1000} s`, {
    hint: "it may be finishing a turn: wait, or look at clanker logs",
  });
}

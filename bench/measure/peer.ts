import { NotHere } from "../bench-context.ts";
import type { Measured } from "../rows.ts";
export async function measurePeer(): Promise<Measured[]> {
  throw new NotHere("not installed; sh bench/peers.sh installs it");
}

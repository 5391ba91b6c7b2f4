import { networkInterfaces } from "node:os";
import { ConfigError } from "../core/errors.ts";
import { parseIp } from "../lib/ip-address/index.ts";

/**
 * `gateway.bind_address` as an IP address. `tailnet` is this machine's address there (100.64.0.0/10, RFC 6598, from which Tailscale and Headscale take theirs);
 * `auto` the same where there is one, else loopback.
 * @throws ConfigError `no_tailnet`
 */
export function bindAddress(written: string, own: readonly string[] = ownAddresses()): string {
  if (written === "loopback") return "127.0.0.1";
  if (written === "lan") return "0.0.0.0";
  if (written !== "tailnet" && written !== "auto") return written;
  const found = own.find(isOfTailnet);
  if (found !== undefined) return found;
  if (written === "auto") return "127.0.0.1";
  throw new ConfigError("no_tailnet", 'gateway.bind_address "tailnet": this machine has no address in a tailnet', {
    hint: "connect it first (tailscale up), or set gateway.bind_address to auto, loopback or an IP address",
  });
}

/** Where programs of this machine reach what listens there. */
export function localHost(bound: string): string {
  if (bound === "0.0.0.0" || bound === "::") return "127.0.0.1";
  return bound.includes(":") ? `[${bound}]` : bound;
}

function isOfTailnet(address: string): boolean {
  const bytes = parseIp(address);
  return bytes?.length === 4 && bytes[0] === 100 && (bytes[1]! & 0xc0) === 64;
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((one) => (one ?? []).map(({ address }) => address));
}

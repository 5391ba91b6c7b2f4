import { parseIp } from "../../../lib/ip-address/index.ts";

/**
 * IPv4 blocks that are not the public internet: IANA IPv4 Special-Purpose Address Registry, multicast (RFC 5771), reserved (RFC 1112), and the one public address
 * behind which a cloud keeps its machine agent.
 */
const NOT_PUBLIC_4: readonly (readonly [address: string, bits: number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["168.63.129.16", 32],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
];

/**
 * Inside 2000::/3, the only unicast space that is given out (RFC 4291 section 2.4): protocol assignments with Teredo, benchmarks and ORCHID; documentation; 6to4.
 * NAT64 (64:ff9b::/96), mapped, unique local, link local, multicast and discard addresses lie outside of it.
 */
const NOT_PUBLIC_6: readonly (readonly [address: string, bits: number])[] = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
];

/** Whether this is the plain spelling of an address on the public internet. Anything that is no address is not. */
export function isPublicAddress(text: string): boolean {
  // A zone names a network card of this machine.
  const bytes = text.includes("%") ? undefined : parseIp(text);
  if (bytes === undefined) return false;
  if (bytes.length === 4) return !NOT_PUBLIC_4.some((block) => inBlock(bytes, block));
  if (bytes[0]! >> 5 !== 1 || isIsatap(bytes)) return false;
  return !NOT_PUBLIC_6.some((block) => inBlock(bytes, block));
}

/** An IPv4 address in the interface part is a tunnel's end, whatever the prefix (RFC 5214 section 6.1). */
function isIsatap(bytes: Uint8Array): boolean {
  return (bytes[8]! & 0xfd) === 0 && bytes[9] === 0 && bytes[10] === 0x5e && bytes[11] === 0xfe;
}

function inBlock(bytes: Uint8Array, [address, bits]: readonly [string, number]): boolean {
  const block = parseIp(address)!;
  for (let at = 0; at < bits; at += 8) {
    const mask = 0xff00 >> Math.min(8, bits - at);
    if ((bytes[at >> 3]! & mask & 0xff) !== (block[at >> 3]! & mask & 0xff)) return false;
  }
  return true;
}

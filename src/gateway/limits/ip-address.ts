import { parseIp } from "../../lib/ip-address/index.ts";

/** The limiter's key of an address: IPv4 whole, IPv6 by its /64, the mapped form as IPv4 (sec-9). */
export function addressKey(address: string): string {
  const bytes = parseIp(address);
  if (bytes === undefined) return address.slice(0, 64);
  return bytes.length === 4 ? bytes.join(".") : `${[...bytes.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("")}/64`;
}

export function isLoopback(address: string): boolean {
  const bytes = parseIp(address);
  if (bytes === undefined) return address === "localhost";
  return bytes.length === 4 ? bytes[0] === 127 : bytes.every((byte, i) => byte === (i === 15 ? 1 : 0));
}

/** Whether an address lies in one of these addresses or CIDR ranges. */
export function inRanges(address: string, ranges: readonly string[]): boolean {
  const bytes = parseIp(address);
  if (bytes === undefined) return false;
  return ranges.some((range) => {
    const [base = "", bits] = range.split("/");
    const from = parseIp(base);
    if (from === undefined || from.length !== bytes.length) return false;
    const length = bits === undefined ? from.length * 8 : Number(bits);
    for (let bit = 0; bit < length; bit++) {
      const mask = 128 >> (bit % 8);
      if ((from[bit >> 3]! & mask) !== (bytes[bit >> 3]! & mask)) return false;
    }
    return true;
  });
}

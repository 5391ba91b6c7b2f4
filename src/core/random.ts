import type { Clock } from "./clock.ts";

/** Chance comes from here alone, so that the simulator can replay it. */
export interface Random {
  /** `length` random bytes. */
  bytes(length: number): Uint8Array;
  /** In [0, 1). */
  number(): number;
}

/** A UUIDv7 (RFC 9562 section 5.7): sorts by time to the millisecond. */
export function newId(clock: Clock, random: Random): string {
  const bytes = random.bytes(16);
  let time = clock.now();
  for (let i = 5; i >= 0; i--) {
    bytes[i] = time % 256;
    time = Math.floor(time / 256);
  }
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  let text = "";
  for (let i = 0; i < 16; i++) text += (i === 4 || i === 6 || i === 8 || i === 10 ? "-" : "") + bytes[i]!.toString(16).padStart(2, "0");
  return text;
}

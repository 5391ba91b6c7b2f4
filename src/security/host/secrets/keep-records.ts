import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";

const LENGTH_BYTES = 4;
/** The length and its checksum: a length that was damaged must not make what follows look half written. */
const HEADER_BYTES = 8;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** What stands before the first record. */
export const NO_TAG: Buffer = Buffer.alloc(TAG_BYTES);

/**
 * A record as it lies in a file: its header and AES-256-GCM over the bytes (NIST SP 800-38D), bound to the record before, so that none can be left out, moved, put back
 * or taken from an older file.
 * @param before tag of the record before, or NO_TAG
 */
export function sealRecord(record: Uint8Array, key: Buffer, before: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(before);
  const sealed = [nonce, cipher.update(record), cipher.final(), cipher.getAuthTag()];
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(sealed.reduce((sum, { length }) => sum + length, 0));
  header.writeUInt32BE(crc32(header.subarray(0, LENGTH_BYTES)), LENGTH_BYTES);
  return Buffer.concat([header, ...sealed]);
}

/** Tag of the last record of some that are sealed. */
export function tagOf(sealed: Buffer): Buffer {
  return sealed.length === 0 ? NO_TAG : Buffer.from(sealed.subarray(-TAG_BYTES));
}

export interface OpenedRecords {
  readonly records: Uint8Array[];
  /** Bytes of whole records; what comes behind is half written. */
  readonly size: number;
}

/** @returns undefined when they are damaged, or sealed with another key. */
export function openRecords(bytes: Buffer, key: Buffer): OpenedRecords | undefined {
  const records: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    const rest = bytes.subarray(at);
    const length = lengthOf(rest);
    if (length === undefined && !isHalfHeader(rest)) return undefined;
    if (length === undefined || rest.length < HEADER_BYTES + length) break;
    const sealed = rest.subarray(HEADER_BYTES, HEADER_BYTES + length);
    const record = unseal(sealed, key, tagOf(bytes.subarray(0, at)));
    if (record === undefined) {
      // A power cut may leave the file's new length, and zeros where the bytes did not get to.
      if (rest.length === HEADER_BYTES + length && isZero(sealed.subarray(-TAG_BYTES))) break;
      return undefined;
    }
    records.push(record);
    at += HEADER_BYTES + length;
  }
  return { records, size: at };
}

function lengthOf(rest: Buffer): number | undefined {
  if (rest.length < HEADER_BYTES || rest.readUInt32BE(LENGTH_BYTES) !== crc32(rest.subarray(0, LENGTH_BYTES))) return undefined;
  return rest.readUInt32BE();
}

const isHalfHeader = (rest: Buffer) => rest.length < HEADER_BYTES || isZero(rest);
const isZero = (bytes: Buffer) => bytes.every((byte) => byte === 0);

function unseal(sealed: Buffer, key: Buffer, before: Buffer): Uint8Array | undefined {
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(before).setAuthTag(sealed.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch {
    return undefined;
  }
}

/**
 * The frames of the persistent connection: protobuf (encoding of protobuf.dev, "Encoding") of the message Frame that the platform's own open-source SDKs define
 * (github.com/larksuite/oapi-sdk-go, ws/pbbp2.proto): 1 SeqID, 2 LogID, 3 service, 4 method, 5 headers {1 key, 2 value}, 6 payload_encoding, 7 payload_type,
 * 8 payload, 9 LogIDNew.
 */
export interface Frame {
  readonly seqId: bigint;
  readonly logId: bigint;
  readonly service: number;
  /** 0 control (ping, pong), 1 data (events, callbacks). */
  readonly method: number;
  readonly headers: readonly (readonly [key: string, value: string])[];
  readonly payloadEncoding?: string;
  readonly payloadType?: string;
  readonly payload?: Uint8Array;
  readonly logIdNew?: string;
}

export const CONTROL = 0;
export const DATA = 1;

export function headerOf({ headers }: Frame, name: string): string | undefined {
  return headers.find(([key]) => key === name)?.[1];
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function encodeFrame(frame: Frame): Uint8Array {
  const out: number[] = [];
  varintField(out, 1, frame.seqId);
  varintField(out, 2, frame.logId);
  varintField(out, 3, BigInt.asUintN(64, BigInt(frame.service)));
  varintField(out, 4, BigInt.asUintN(64, BigInt(frame.method)));
  for (const [key, value] of frame.headers) {
    const header: number[] = [];
    bytesField(header, 1, encoder.encode(key));
    bytesField(header, 2, encoder.encode(value));
    bytesField(out, 5, header);
  }
  if (frame.payloadEncoding !== undefined) bytesField(out, 6, encoder.encode(frame.payloadEncoding));
  if (frame.payloadType !== undefined) bytesField(out, 7, encoder.encode(frame.payloadType));
  if (frame.payload !== undefined) bytesField(out, 8, frame.payload);
  if (frame.logIdNew !== undefined) bytesField(out, 9, encoder.encode(frame.logIdNew));
  return Uint8Array.from(out);
}

/** @throws RangeError for what is no frame. */
export function decodeFrame(bytes: Uint8Array): Frame {
  const frame: { -readonly [K in keyof Frame]: Frame[K] } = { seqId: 0n, logId: 0n, service: 0, method: 0, headers: [] };
  const headers: [string, string][] = [];
  for (const [field, value] of fieldsOf(bytes)) {
    if (typeof value === "bigint") {
      if (field === 1) frame.seqId = value;
      if (field === 2) frame.logId = value;
      if (field === 3) frame.service = Number(BigInt.asIntN(32, value));
      if (field === 4) frame.method = Number(BigInt.asIntN(32, value));
    } else {
      if (field === 5) headers.push(decodeHeader(value));
      if (field === 6) frame.payloadEncoding = decoder.decode(value);
      if (field === 7) frame.payloadType = decoder.decode(value);
      if (field === 8) frame.payload = value;
      if (field === 9) frame.logIdNew = decoder.decode(value);
    }
  }
  return { ...frame, headers };
}

function decodeHeader(bytes: Uint8Array): [string, string] {
  const header: [string, string] = ["", ""];
  for (const [field, value] of fieldsOf(bytes)) if (typeof value !== "bigint" && (field === 1 || field === 2)) header[field - 1] = decoder.decode(value);
  return header;
}

/** Fields in order; those of kinds that Frame has none of are passed over. */
function* fieldsOf(bytes: Uint8Array): Generator<readonly [field: number, value: bigint | Uint8Array]> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new RangeError("the frame ends in the middle of a number");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new RangeError("a number of the frame is too long");
  };
  const take = (length: number): Uint8Array => {
    if (length > bytes.length - at) throw new RangeError("the frame ends in the middle of a field");
    return bytes.subarray(at, (at += length));
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const field = tag >>> 3;
    const kind = tag & 7;
    if (kind === 0) yield [field, varint()];
    else if (kind === 2) yield [field, take(Number(varint()))];
    else if (kind === 1) take(8);
    else if (kind === 5) take(4);
    else throw new RangeError(`the frame has a field of an unknown kind: ${kind}`);
  }
}

function varintField(out: number[], field: number, value: bigint): void {
  varint(out, BigInt(field << 3));
  varint(out, value);
}

function bytesField(out: number[], field: number, bytes: Uint8Array | readonly number[]): void {
  varint(out, BigInt((field << 3) | 2));
  varint(out, BigInt(bytes.length));
  for (const byte of bytes) out.push(byte);
}

function varint(out: number[], value: bigint): void {
  let rest = BigInt.asUintN(64, value);
  while (rest > 0x7fn) {
    out.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  out.push(Number(rest));
}

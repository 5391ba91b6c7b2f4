import type { Random } from "../../core/random.ts";
import { toHex } from "../hex/index.ts";

export type MultipartPart =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly filename: string; readonly type: string; readonly bytes: Uint8Array };

/**
 * A multipart/form-data body (RFC 7578), for the Http port, whose bodies are bytes.
 * Quotes and line breaks in names are percent-encoded as browsers do (HTML standard, "multipart/form-data encoding algorithm"), so that no name can end its header.
 * @param boundary 1 to 70 characters of [0-9A-Za-z'()+_,-./:=?]; random, so that it does not occur in the bytes.
 * @throws RangeError when the boundary is not one.
 */
export function multipart(parts: readonly MultipartPart[], boundary: string): { body: Uint8Array; contentType: string } {
  if (!/^[0-9A-Za-z'()+_,\-./:=?]{1,70}$/.test(boundary)) throw new RangeError("not a multipart boundary");
  const encoder = new TextEncoder();
  const chunks: Uint8Array[] = [];
  for (const part of parts) {
    let head = `--${boundary}\r\nContent-Disposition: form-data; name="${escapeName(part.name)}"`;
    if ("filename" in part) head += `; filename="${escapeName(part.filename)}"\r\nContent-Type: ${part.type.replace(/[\r\n]/g, "")}`;
    chunks.push(encoder.encode(`${head}\r\n\r\n`), "filename" in part ? part.bytes : encoder.encode(part.value), encoder.encode("\r\n"));
  }
  chunks.push(encoder.encode(`--${boundary}--\r\n`));
  return { body: join(chunks), contentType: `multipart/form-data; boundary="${boundary}"` };
}

/** A boundary that nobody can have put into the bytes. */
export function newBoundary(random: Pick<Random, "bytes">): string {
  return `clanker-${toHex(random.bytes(16))}`;
}

function escapeName(name: string): string {
  return name.replaceAll("\r", "%0D").replaceAll("\n", "%0A").replaceAll('"', "%22");
}

function join(chunks: readonly Uint8Array[]): Uint8Array {
  const body = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

import { RequestError } from "../../core/errors.ts";

export const JSON_BODY_LIMIT = 1024 * 1024;

/** @param limit bytes. @throws RequestError `body_too_large` as soon as more than `limit` is announced or has come. */
export async function readBody(request: Request, limit: number): Promise<Uint8Array> {
  const tooLarge = () => new RequestError("body_too_large", `the body has more than ${limit} bytes`);
  if (Number(request.headers.get("content-length") ?? 0) > limit) throw tooLarge();
  if (request.body === null) return new Uint8Array(0);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > limit) throw tooLarge();
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

/**
 * A JSON body. The content type is required: a form of another site cannot send it without asking first (sec-21).
 * @throws RequestError `content_type`, `parse_error` or `body_too_large`
 */
export async function readJson(request: Request, limit = JSON_BODY_LIMIT): Promise<unknown> {
  const type = (request.headers.get("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
  if (type !== "application/json" && !/^application\/[\w.-]+\+json$/.test(type)) {
    throw new RequestError("content_type", "the body has to be JSON", { hint: "send Content-Type: application/json" });
  }
  const bytes = await readBody(request, limit);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new RequestError("parse_error", "the body is not valid JSON");
  }
}

/** Like readJson, and it has to be an object. @throws RequestError `bad_params` */
export async function readObject(request: Request, limit = JSON_BODY_LIMIT): Promise<Record<string, unknown>> {
  const body = await readJson(request, limit);
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw new RequestError("bad_params", "the body has to be a JSON object");
  return body as Record<string, unknown>;
}

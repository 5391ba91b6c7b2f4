import type { IncomingMessage } from "node:http";

export interface UploadedFile {
  readonly bytes: Uint8Array;
  readonly type: string;
  readonly name: string;
}

export type Args = Record<string, unknown>;

/** Parameters of a call in all forms that the Bot API takes: query, JSON, urlencoded and multipart with files. */
export async function readArgs(request: IncomingMessage, url: URL): Promise<Args> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const args: Args = {};
  for (const [name, value] of url.searchParams) args[name] = loose(value);
  const type = request.headers["content-type"] ?? "";
  if (body.length === 0) return args;
  if (type.startsWith("application/json")) return { ...args, ...(JSON.parse(body.toString("utf8")) as Args) };
  for (const [name, value] of await new Response(body, { headers: { "content-type": type } }).formData()) {
    args[name] = typeof value === "string" ? loose(value) : ({ bytes: await value.bytes(), type: value.type, name: value.name } satisfies UploadedFile);
  }
  return args;
}

/** Outside of JSON, numbers, flags and objects come as text; other text stays. */
function loose(value: string): unknown {
  if (!/^(\{|\[|true$|false$|-?\d{1,15}$)/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

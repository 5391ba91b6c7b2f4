import type { Hono } from "hono";
import { MAX_BLOB_BYTES } from "../../core/blobs.ts";
import { RequestError } from "../../core/errors.ts";
import { fileType } from "../../lib/file-type/index.ts";
import { notFound } from "../methods/schemas.ts";
import type { Env, HttpContext } from "./http-context.ts";
import { readBody } from "./read-body.ts";

/** Types a browser may show itself: no scripts can be in them. */
const INLINE = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"]);

/** POST /api/media (raw body) and GET /api/media/ID. */
export function mountMedia(app: Hono<Env>, http: HttpContext): void {
  app.post("/api/media", async (c) => {
    http.authorise(c.env.incoming, "write");
    const type = (c.req.header("content-type") ?? "application/octet-stream").split(";")[0]!.trim().toLowerCase();
    if (!/^[\w.+-]{1,64}\/[\w.+-]{1,127}$/.test(type)) throw new RequestError("content_type", "the content type is not a MIME type");
    const bytes = await readBody(c.req.raw, MAX_BLOB_BYTES);
    if (bytes.length === 0) throw new RequestError("bad_params", "the body is empty");
    const name = fileName(c.req.query("name"));
    const info = await http.deps.blobs.put(bytes, { type: fileType(bytes, type), ...(name === undefined ? {} : { name }) });
    return c.json({ media_id: info.id, type: info.type, size: info.size }, 201);
  });

  app.get("/api/media/:id", async (c) => {
    http.authorise(c.env.incoming, "read");
    const id = c.req.param("id");
    const blob = await http.deps.blobs.get(id);
    if (blob === undefined) throw notFound("media", id);
    const inline = INLINE.has(blob.type);
    const name = fileName(blob.name) ?? `media-${id}`;
    return c.body(blob.bytes as Uint8Array<ArrayBuffer>, 200, {
      "content-type": inline ? blob.type : "application/octet-stream",
      "content-disposition": `${inline ? "inline" : "attachment"}; filename*=UTF-8''${encodeURIComponent(name)}`,
      "cache-control": "private, max-age=86400, immutable",
    });
  });
}

/** The last path segment without control characters; undefined when nothing is left. */
function fileName(name: string | undefined): string | undefined {
  const last = (name ?? "")
    .split(/[/\\]/)
    .at(-1)!
    .replace(/[\p{Cc}\p{Cf}]/gu, "")
    .replace(/^\.+/, "")
    .slice(0, 200)
    .toWellFormed();
  return last === "" ? undefined : last;
}

import type { Hono } from "hono";
import { RequestError } from "../../core/errors.ts";
import type { ConfigChange } from "../deps.ts";
import { callMethod } from "../registry.ts";
import type { Env, HttpContext } from "./http-context.ts";
import { readObject } from "./read-body.ts";

const etagOf = (digest: string) => `"${digest}"`;

/** GET|PATCH /control/config: the configuration as one document, changed only by whoever has seen its present state (RFC 9110, section 13.1.1). */
export function mountConfig(app: Hono<Env>, http: HttpContext): void {
  app.get("/control/config", async (c) => {
    http.authorise(c.env.incoming, "admin");
    const { value, digest } = await http.deps.config.get();
    const etag = etagOf(digest);
    if (tagsOf(c.req.header("if-none-match")).includes(etag)) return c.body(null, 304, { etag });
    return c.body(JSON.stringify(value ?? {}), 200, { "content-type": "application/json", etag });
  });

  app.patch("/control/config", async (c) => {
    const credential = http.authorise(c.env.incoming, "admin");
    const wanted = tagsOf(c.req.header("if-match"));
    if (wanted.length === 0)
      throw new RequestError("precondition_required", "send the ETag of the last GET as If-Match", { hint: "GET /control/config first" });
    const patch = await readObject(c.req.raw);
    const { digest } = await http.deps.config.get();
    const any = wanted.includes("*");
    if (!any && !wanted.includes(etagOf(digest))) throw new RequestError("config_changed", "the configuration has changed since", { hint: "GET it again" });
    const call = { deps: http.deps, gateway: http.facts, credential, signal: c.req.raw.signal };
    // The writer compares again when it is this change's turn.
    const params = any ? { patch } : { patch, digest };
    const result = (await callMethod(http.registry, "config.patch", params, call)) as ConfigChange;
    return c.json(result, 200, { etag: etagOf(result.digest) });
  });
}

/** The entity tags of a header, as they are written. */
function tagsOf(header: string | undefined): string[] {
  return (header ?? "").split(",").flatMap((tag) => (tag.trim() === "" ? [] : [tag.trim()]));
}

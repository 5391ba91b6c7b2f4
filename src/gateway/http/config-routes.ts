import type { Hono } from "hono";
import { RequestError } from "../../core/errors.ts";
import { sha256Hex } from "../auth/digest.ts";
import { callMethod } from "../registry.ts";
import type { Env, HttpContext } from "./http-context.ts";
import { readObject } from "./read-body.ts";

/** GET|PATCH /control/config: the configuration as one document, changed only by whoever has seen its present state. */
export function mountConfig(app: Hono<Env>, http: HttpContext): void {
  const read = async () => {
    const text = JSON.stringify((await http.deps.config.get()) ?? {});
    return { text, etag: `"${sha256Hex(text).slice(0, 32)}"` };
  };
  /** Changes over this route are made one behind the other, so that comparing and writing belong together. */
  let last: Promise<unknown> = Promise.resolve();

  app.get("/control/config", async (c) => {
    http.authorise(c.env.incoming, "admin");
    const { text, etag } = await read();
    if (c.req.header("if-none-match") === etag) return c.body(null, 304, { etag });
    return c.body(text, 200, { "content-type": "application/json", etag });
  });

  app.patch("/control/config", async (c) => {
    const credential = http.authorise(c.env.incoming, "admin");
    const wanted = c.req.header("if-match");
    if (wanted === undefined)
      throw new RequestError("precondition_required", "send the ETag of the last GET as If-Match", { hint: "GET /control/config first" });
    const patch = await readObject(c.req.raw);
    const change = async () => {
      if (wanted !== "*" && wanted !== (await read()).etag)
        throw new RequestError("config_changed", "the configuration has changed since", { hint: "GET it again" });
      const call = { deps: http.deps, gateway: http.facts, credential, signal: c.req.raw.signal };
      return callMethod(http.registry, "config.patch", { patch }, call);
    };
    const mine = last.then(change, change);
    last = mine.catch(() => {});
    const result = await mine;
    return c.json(result as object, 200, { etag: (await read()).etag });
  });
}

import type { Hono } from "hono";
import type { Env, HttpContext } from "./http-context.ts";

/** /metrics. */
export function mountMetrics(app: Hono<Env>, http: HttpContext): void {
  app.get("/metrics", async (c) => {
    if (!http.options.metricsPublic) http.authorise(c.env.incoming, "read");
    return c.text(await http.deps.metricsText(), 200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
  });
}

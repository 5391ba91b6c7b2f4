import type { Hono } from "hono";
import type { Env, HttpContext } from "./http-context.ts";

/** /health, /health/live, /health/ready and /metrics. */
export function mountHealth(app: Hono<Env>, http: HttpContext): void {
  app.get("/health", (c) => c.json({ status: "up" }));
  app.get("/health/live", (c) => c.json({ status: "up" }));
  app.get("/health/ready", (c) => {
    const caller = http.identify(c.env.incoming);
    const { ready, reasons } = http.deps.health();
    return c.json({ status: ready ? "ready" : "not_ready", ...(caller === undefined ? {} : { reasons }) }, ready ? 200 : 503);
  });
  app.get("/metrics", async (c) => {
    if (!http.options.metricsPublic) http.authorise(c.env.incoming, "read");
    return c.text(await http.deps.metricsText(), 200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
  });
}

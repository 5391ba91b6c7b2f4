import { Hono } from "hono/tiny";
import { RequestError, toClankerError } from "../../core/errors.ts";
import { errorResponse, faceOf } from "../http-error.ts";
import { mountApi } from "./api-routes.ts";
import { mountConfig } from "./config-routes.ts";
import type { Env, HttpContext } from "./http-context.ts";
import { mountMedia } from "./media-routes.ts";
import { mountMetrics } from "./metrics-routes.ts";
import { mountPage } from "./page-routes.ts";
import { mountWebhooks } from "./webhook-routes.ts";

/** All routes but /health. What comes before every route stands in front-door.ts. */
export function createApp(http: HttpContext): Hono<Env> {
  const app = new Hono<Env>();
  app.onError((thrown, c) => {
    const error = toClankerError(thrown);
    if (faceOf(error).status >= 500)
      http.deps.log.error("a request failed", { path: c.req.path.slice(0, 200), code: error.code, error: error.message, stack: error.stack });
    return errorResponse(error);
  });
  app.notFound(() =>
    errorResponse(new RequestError("not_found", "there is nothing at this path", { hint: "GET /api/docs shows what there is; sockets are opened at /ws" })),
  );
  mountMetrics(app, http);
  mountMedia(app, http);
  if (http.options.openai) mountOpenAi(app, http);
  mountConfig(app, http);
  mountWebhooks(app, http);
  if (http.options.uiRoot !== undefined) mountPage(app, http.options.uiRoot);
  mountApi(app, http);
  return app;
}

/** Loaded when it is first called: most gateways never are. */
function mountOpenAi(app: Hono<Env>, http: HttpContext): void {
  app.all("/v1/*", async (c) => {
    const { answerOpenAi } = await import("../openai/answer.ts");
    return answerOpenAi(http, c.env.incoming, c.req.raw);
  });
}

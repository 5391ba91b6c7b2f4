import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpContext } from "./http-context.ts";

/**
 * /health, /health/live and /health/ready, without the routes: whoever only looks whether a gateway is there does not make it load them.
 * @returns false when the request asks for something else. @throws AuthError for a wrong credential.
 */
export function answerHealth(http: HttpContext, path: string, { request, response }: { request: IncomingMessage; response: ServerResponse }): boolean {
  if (request.method !== "GET" && request.method !== "HEAD") return false;
  if (path === "/health" || path === "/health/live") return answer(response, 200, { status: "up" });
  if (path !== "/health/ready") return false;
  const caller = http.identify(request);
  const { ready, reasons } = http.deps.health();
  return answer(response, ready ? 200 : 503, { status: ready ? "ready" : "not_ready", ...(caller === undefined ? {} : { reasons }) });
}

function answer(response: ServerResponse, status: number, body: object): true {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  return true;
}

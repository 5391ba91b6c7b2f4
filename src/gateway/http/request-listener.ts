import type { IncomingMessage, ServerResponse } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { createApp } from "./create-app.ts";
import type { HttpContext } from "./http-context.ts";

/** Answers what the front door has admitted. Loaded with the first such request: the routes and the Web API classes of Node weigh several megabytes. */
export function createRequestListener(http: HttpContext): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return getRequestListener(createApp(http).fetch as Parameters<typeof getRequestListener>[0], {
    overrideGlobalObjects: false,
    // It would read on for whatever is left of an unwanted body; cutUnread ends the connection instead.
    autoCleanupIncoming: false,
  });
}

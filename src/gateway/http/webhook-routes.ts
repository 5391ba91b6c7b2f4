import type { Context, Hono } from "hono";
import { RequestError } from "../../core/errors.ts";
import { notFound } from "../methods/schemas.ts";
import type { Env, HttpContext } from "./http-context.ts";
import { JSON_BODY_LIMIT } from "./read-body.ts";

/** /channels/NAME/webhook and /channels/NAME/ACCOUNT/webhook: the channel itself authenticates the platform; /hooks/NAME: the hook its caller. */
export function mountWebhooks(app: Hono<Env>, http: HttpContext): void {
  const handle = async (c: Context<Env>, channel: string, account: string) => {
    const webhook = http.deps.channels.webhook(channel, account);
    if (webhook === undefined) throw notFound("webhook", `${channel}/${account}`);
    return webhook(limited(c.req.raw));
  };
  app.all("/hooks/:name", (c) => http.deps.hooks.answer(c.req.param("name"), limited(c.req.raw)));
  app.all("/channels/:name/webhook", (c) => handle(c, c.req.param("name"), "default"));
  app.all("/channels/:name/:account/webhook", (c) => handle(c, c.req.param("name"), c.req.param("account")));
}

/** The same request whose body fails past 1 MiB. */
function limited(request: Request): Request {
  const tooLarge = () => new RequestError("body_too_large", `the body has more than ${JSON_BODY_LIMIT} bytes`);
  if (Number(request.headers.get("content-length") ?? 0) > JSON_BODY_LIMIT) throw tooLarge();
  const { url, method, headers, body, signal } = request;
  if (body === null) return new Request(url, { method, headers, signal });
  let size = 0;
  const counted = body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        size += chunk.length;
        if (size > JSON_BODY_LIMIT) controller.error(tooLarge());
        else controller.enqueue(chunk);
      },
    }),
  );
  return new Request(url, { method, headers, signal, body: counted, duplex: "half" } as RequestInit);
}

import type { Context, Hono } from "hono";
import { RequestError } from "../../core/errors.ts";
import { describeIssue } from "../../lib/schema/describe-issue.ts";
import { v } from "../../lib/schema/index.ts";
import type { Method } from "../method.ts";
import { sendParams } from "../methods/schemas.ts";
import { callMethod, mayCall, socketMethod, unknownMethod } from "../registry.ts";
import { readObject } from "./read-body.ts";
import type { Env, HttpContext } from "./http-context.ts";

const messageBody = v.strictObject({ ...sendParams, wait: v.optional(v.boolean(), false) });

/** POST /api/message, and REST over the method registry: `chat.send` is POST /api/chat/send. */
export function mountApi(app: Hono<Env>, http: HttpContext): void {
  app.post("/api/message", async (c) => {
    const credential = http.authorise(c.env.incoming, "write");
    const { wait, ...params } = checkMessage(await readObject(c.req.raw));
    const result = await callMethod(http.registry, wait ? "agent.run" : "chat.send", params, callOf(http, c, credential));
    return c.json(result as object, wait || !("turn_id" in (result as object)) ? 200 : 202);
  });

  app.get("/api/openapi.json", async (c) => {
    http.authorise(c.env.incoming, "read");
    const { openApiDocument } = await import("../docs/open-api.ts");
    return c.json(openApiDocument(http.registry, http.deps.version));
  });

  app.get("/api/docs", async (c) => {
    const { docsPage } = await import("../docs/docs-page.ts");
    const page = docsPage(http.registry);
    return c.html(page.html, 200, { "content-security-policy": page.csp });
  });

  app.on(["GET", "POST"], "/api/*", async (c) => {
    const name = c.req.path.slice("/api/".length).replaceAll("/", ".");
    const method = http.registry.methods.get(name);
    // Who has no credential does not learn which methods exist.
    const credential = http.authorise(c.env.incoming);
    if (method === undefined) throw unknownMethod(name, [...http.registry.methods.keys()]);
    if (method.socketOnly) throw socketMethod(name);
    const call = callOf(http, c, credential);
    if (c.req.method === "POST") return c.json((await callMethod(http.registry, name, mayCall(method, credential) ? await readParams(c) : {}, call)) as object);
    if (method.mutating) throw new RequestError("method_not_allowed", `${name} changes something: use POST`);
    return c.json((await callMethod(http.registry, name, queryParams(method, c.req.query()), call)) as object);
  });
}

function callOf(http: HttpContext, c: Context<Env>, credential: ReturnType<HttpContext["authorise"]>) {
  return { deps: http.deps, gateway: http.facts, credential, signal: c.req.raw.signal };
}

function checkMessage(body: Record<string, unknown>): v.InferOutput<typeof messageBody> {
  const checked = v.safeParse(messageBody, body);
  if (checked.success) return checked.output;
  const names = Object.keys(messageBody.entries);
  throw new RequestError("bad_params", describeIssue(checked.issues[0], names), { hint: `the body has ${names.join(", ")}; docs/http.md shows one` });
}

/** A POST without any body is a call without parameters. */
async function readParams(c: Context<Env>): Promise<Record<string, unknown>> {
  const { headers } = c.req.raw;
  const empty = headers.get("content-type") === null && (headers.get("content-length") ?? "0") === "0" && headers.get("transfer-encoding") === null;
  // A page of another site could send that without asking, so a browser has to say JSON anyway.
  if (empty && headers.get("origin") === null) return {};
  return readObject(c.req.raw);
}

/** Query texts as the types that the method's parameters have: what is refused as a text is tried as JSON. */
function queryParams(method: Method, query: Record<string, string>): Record<string, unknown> {
  const params: Record<string, unknown> = { ...query };
  const checked = v.safeParse(method.params, params);
  if (checked.success) return params;
  for (const issue of checked.issues) {
    const key = issue.path?.[0]?.key;
    const text = typeof key === "string" ? query[key] : undefined;
    if (text === undefined) continue;
    try {
      params[key as string] = JSON.parse(text);
    } catch {
      // Not JSON either: the check of the method says what is wrong with it.
    }
  }
  return params;
}

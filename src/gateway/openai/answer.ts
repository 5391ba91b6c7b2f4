import type { IncomingMessage } from "node:http";
import { toClankerError } from "../../core/errors.ts";
import type { HttpContext } from "../http/http-context.ts";
import { readObject } from "../http/read-body.ts";
import { faceOf } from "../http-error.ts";
import { answerChat } from "./chat-completions.ts";
import { parseChatRequest } from "./chat-request.ts";
import type { DoorHeaders } from "./door-request.ts";
import { OpenAiError, openAiErrorResponse } from "./open-ai-error.ts";
import { parseResponsesRequest } from "./responses-request.ts";
import { answerResponses } from "./responses.ts";

/** Images come inside the body. */
const BODY_LIMIT = 20_000_000;

/** The OpenAI-compatible door (contract.md). Every failure has OpenAI's shape. */
export async function answerOpenAi(http: HttpContext, incoming: IncomingMessage, request: Request): Promise<Response> {
  try {
    return await route(http, incoming, request);
  } catch (error) {
    if (!(error instanceof OpenAiError) && faceOf(toClankerError(error)).status >= 500) http.deps.log.error("the OpenAI door failed", { error: String(error) });
    return openAiErrorResponse(error);
  }
}

async function route(http: HttpContext, incoming: IncomingMessage, request: Request): Promise<Response> {
  const { deps } = http;
  const path = new URL(request.url).pathname;
  const asked = `${request.method} ${path}`;
  if (asked === "GET /v1/models") {
    http.authorise(incoming, "read");
    return Response.json({ object: "list", data: await modelList(http) });
  }
  if (request.method === "GET" && path.startsWith("/v1/models/")) {
    http.authorise(incoming, "read");
    const id = decodeURIComponent(path.slice("/v1/models/".length));
    const model = (await modelList(http)).find((known) => known.id === id);
    if (model === undefined) throw new OpenAiError(`The model '${id.slice(0, 100)}' does not exist.`, { status: 404, param: "model", code: "model_not_found" });
    return Response.json(model);
  }
  if (asked !== "POST /v1/chat/completions" && asked !== "POST /v1/responses")
    throw new OpenAiError(`Unknown request: ${asked.slice(0, 200)}`, { status: 404, code: "unknown_url" });
  const credential = http.authorise(incoming, "write");
  const body = await readObject(request, BODY_LIMIT);
  const headers: DoorHeaders = {
    session: request.headers.get("x-clanker-session") ?? undefined,
    idempotencyKey: request.headers.get("idempotency-key")?.slice(0, 200) ?? undefined,
  };
  const gone = new AbortController();
  if (request.signal.aborted) gone.abort();
  request.signal.addEventListener("abort", () => gone.abort(), { once: true });
  if (path === "/v1/responses") return answerResponses(deps, credential, { request: await parseResponsesRequest(body, headers, deps), gone });
  return answerChat(deps, credential, { request: await parseChatRequest(body, headers, deps), gone });
}

/** `clanker` and `clanker/AGENT`, and what the providers list. A provider that is away leaves only its models out. */
async function modelList({ deps }: HttpContext): Promise<{ id: string; object: "model"; created: number; owned_by: string }[]> {
  const model = (id: string, owner: string) => ({ id, object: "model" as const, created: 0, owned_by: owner });
  const agents = deps.agents.list().map(({ name }) => model(name === "main" ? "clanker" : `clanker/${name}`, "open-clanker"));
  const models = await deps.models.list().catch((error: unknown) => {
    deps.log.warn("models could not be listed", { error: String(error) });
    return [];
  });
  return [...agents, ...models.map(({ id }) => model(id, id.split(":", 1)[0]!))];
}

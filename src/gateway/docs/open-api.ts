import { toJsonSchema } from "../../lib/schema/index.ts";
import type { Method } from "../method.ts";
import type { Registry } from "../registry.ts";

type Json = Record<string, unknown>;

const json = (schema: Json): Json => ({ content: { "application/json": { schema } } });

const ERROR_SCHEMA: Json = {
  type: "object",
  required: ["error"],
  properties: {
    error: {
      type: "object",
      required: ["code", "message"],
      properties: { code: { type: "string" }, message: { type: "string" }, hint: { type: "string" } },
    },
  },
};

/** REST over the registry as an OpenAPI 3.1 document. */
export function openApiDocument({ methods }: Registry, version: string): Json {
  const paths: Record<string, Json> = {};
  for (const method of methods.values()) {
    if (!method.socketOnly) paths[`/api/${method.name.replaceAll(".", "/")}`] = pathOf(method);
  }
  return {
    openapi: "3.1.0",
    info: { title: "Open Clanker", version },
    paths: { ...paths, ...fixedPaths(methods) },
    components: { securitySchemes: { bearer: { type: "http", scheme: "bearer" } }, schemas: { Error: ERROR_SCHEMA } },
    security: [{ bearer: [] }],
  };
}

function operation(method: Method, id: string): Json {
  const failure = { description: "error", ...json({ $ref: "#/components/schemas/Error" }) };
  return {
    operationId: id,
    summary: method.summary,
    "x-scope": method.scope,
    responses: { 200: { description: "result", ...json(toJsonSchema(method.result)) }, default: failure },
  };
}

function pathOf(method: Method): Json {
  const params = toJsonSchema(method.params) as { properties?: Record<string, Json>; required?: string[] };
  const post = { ...operation(method, `${method.name}.post`), requestBody: json(params) };
  if (method.mutating) return { post };
  const parameters = Object.entries(params.properties ?? {}).map(([name, schema]) => ({ name, in: "query", required: params.required?.includes(name) ?? false, schema }));
  return { get: { ...operation(method, `${method.name}.get`), parameters }, post };
}

/** The routes that are no method. */
function fixedPaths(methods: Registry["methods"]): Record<string, Json> {
  const send = methods.get("chat.send");
  const patch = methods.get("config.patch");
  const failure = json({ $ref: "#/components/schemas/Error" });
  const mediaInfo = { type: "object", properties: { media_id: { type: "string" }, type: { type: "string" }, size: { type: "integer" } } };
  const bytes = { content: { "application/octet-stream": { schema: { type: "string", format: "binary" } } } };
  const body = send === undefined ? {} : (toJsonSchema(send.params) as { properties?: Json });
  return {
    "/api/message": {
      post: {
        operationId: "message",
        summary: "Hands a message to the assistant; with wait, answers when its turn has ended.",
        requestBody: json({ ...body, properties: { ...body.properties, wait: { type: "boolean" } } }),
        responses: { 200: { description: "the turn has ended" }, 202: { description: "accepted" } },
      },
    },
    "/control/config": {
      get: {
        operationId: "config.document.get",
        summary: "The effective configuration as one document, secrets masked; its ETag is what a change is made from.",
        "x-scope": "admin",
        parameters: [{ name: "If-None-Match", in: "header", schema: { type: "string" } }],
        responses: { 200: { description: "the configuration", ...json({ type: "object" }) }, 304: { description: "it is still the same" } },
      },
      patch: {
        operationId: "config.document.patch",
        summary: "Changes it by a JSON merge patch, if it still is what the ETag in If-Match names.",
        "x-scope": "admin",
        parameters: [{ name: "If-Match", in: "header", required: true, schema: { type: "string" } }],
        requestBody: { content: { "application/merge-patch+json": { schema: { type: "object" } }, "application/json": { schema: { type: "object" } } } },
        responses: {
          200: { description: "changed", ...(patch === undefined ? {} : json(toJsonSchema(patch.result))) },
          412: { description: "somebody else was faster", ...failure },
          428: { description: "If-Match is missing", ...failure },
        },
      },
    },
    "/api/media": { post: { operationId: "media.put", summary: "Stores a file, up to 20 MB.", requestBody: bytes, responses: { 201: { description: "stored", ...json(mediaInfo) } } } },
    "/api/media/{media_id}": {
      get: {
        operationId: "media.get",
        summary: "The bytes of a file.",
        parameters: [{ name: "media_id", in: "path", required: true, schema: { type: "string" } }],
        responses: { 200: { description: "bytes", ...bytes } },
      },
    },
  };
}

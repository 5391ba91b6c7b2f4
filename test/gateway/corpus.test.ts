import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import * as openRpc from "@open-rpc/meta-schema";
import { SCOPES } from "../../src/gateway/auth/credential.ts";
import type { Method } from "../../src/gateway/method.ts";
import { toJsonSchema } from "../../src/lib/schema/index.ts";
import { casesOf } from "./corpus.ts";
import { FrameClient } from "./frame-client.ts";
import { ROWS } from "../../src/gateway/openclaw/table.ts";
import { openTestGateway, RawClient, TOKEN, type Frame, type TestGateway } from "./open-test-gateway.ts";
import { pairDevice } from "./pair-device.ts";

const UNLIMITED = { requestsPerMinute: 0, burst: 1, authFailuresPerMinute: 0 };
/** Of the OpenAI door. */
const DOOR = ["model", "messages", "input", "tools", "tool_choice", "stream", "max_tokens", "temperature", "stop", "previous_response_id", "user", "store"];
const QUERIES = ["", "1", "-1", "1e400", "true", "null", "%00", "%ff", "[[[[", "%7B%22__proto__%22%3A1%7D", "x".repeat(5_000)];
/** Nothing here takes long: what is not answered by then hangs. */
const HANGS_MS = 20_000;

describe("a generated corpus over the whole registry", () => {
  let gateway: TestGateway;
  const open = async () => (gateway = await openTestGateway({ options: { rateLimit: UNLIMITED } }));
  afterEach(() => gateway.stop());

  const answered = async <T>(what: string, asked: Promise<T>): Promise<T> => {
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error(`no answer: ${what}`)), HANGS_MS);
    return Promise.race([asked, promise]).finally(() => clearTimeout(timer));
  };
  const rest = async (method: Method, params: unknown, token = TOKEN) => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const response = await fetch(`${gateway.url}/api/${method.name.replaceAll(".", "/")}`, { method: "POST", headers, body: JSON.stringify(params) });
    return { status: response.status, body: (await response.json()) as { error?: { code: string; message: string } } };
  };

  test("over WebSocket every case of every method is answered, with a typed error or a result, never with an internal one", async () => {
    await open();
    let client = await RawClient.authenticated(gateway);
    let count = 0;
    for (const method of gateway.gateway.registry.methods.values()) {
      for (const { what, params } of casesOf(toJsonSchema(method.params))) {
        // A wrong proof ends its connection.
        if (client.socket.readyState !== client.socket.OPEN) client = await RawClient.authenticated(gateway);
        const answer: Frame = await answered(`${method.name}: ${what}`, client.call(method.name, params));
        count++;
        if (answer.error === undefined) continue;
        assert.notEqual(answer.error.code, -32603, `${method.name}: ${what}: ${JSON.stringify(answer.error)}`);
        assert.match(answer.error.data.code, /^[a-z_]+$/, `${method.name}: ${what}`);
        if (method.name === "authenticate" || method.name === "device.pair.request") await new Promise((resolve) => setImmediate(resolve));
      }
    }
    assert.ok(count > 2_000, `${count} cases`);
    await client.close();
  });

  test("over HTTP the same: no status of 500, an error in its form, and nothing that needs a socket", async () => {
    await open();
    for (const method of gateway.gateway.registry.methods.values()) {
      for (const { what, params } of casesOf(toJsonSchema(method.params))) {
        const { status, body } = await answered(`${method.name}: ${what}`, rest(method, params));
        if (method.socketOnly) assert.equal(status, 404, method.name);
        if (status < 400) continue;
        assert.ok(status !== 500 && status < 600, `${method.name}: ${what}: ${JSON.stringify(body)}`);
        assert.match(body.error!.code, /^[a-z_]+$/, `${method.name}: ${what}`);
      }
    }
  });

  test("the routes that are no method, and parameters in the query, are answered without a 500 too", async () => {
    await open();
    const { methods } = gateway.gateway.registry;
    const send = casesOf(toJsonSchema(methods.get("chat.send")!.params));
    const patch = casesOf({ type: "object", properties: { agents: { type: "object" }, gateway: { type: "object" } } });
    const door = casesOf({ type: "object", properties: Object.fromEntries(DOOR.map((key) => [key, { type: "string" }])), required: ["model", "messages"] });
    for (const [path, method, cases] of [
      ["/api/message", "POST", send],
      ["/control/config", "PATCH", patch],
      ["/v1/chat/completions", "POST", door],
      ["/v1/responses", "POST", door],
    ] as const) {
      for (const { what, params } of cases) {
        const headers = { "content-type": "application/json", "if-match": "*" };
        const { status } = await answered(`${path}: ${what}`, gateway.call(path, { method, headers, body: JSON.stringify(params) }));
        assert.ok(status < 500, `${path}: ${what}: ${status}`);
      }
    }
    for (const { name, mutating, socketOnly, params } of methods.values()) {
      if (mutating || socketOnly) continue;
      for (const query of Object.keys((toJsonSchema(params) as { properties?: object }).properties ?? {}).flatMap((key) =>
        QUERIES.map((value) => `${key}=${value}`),
      )) {
        const { status } = await answered(`${name}?${query.slice(0, 40)}`, gateway.call(`/api/${name.replaceAll(".", "/")}?${query}`));
        assert.ok(status < 500, `${name}?${query.slice(0, 60)}: ${status}`);
      }
    }
  });

  test("sec-19 whoever lacks the scope is told so before anything is looked at, whatever was sent", async () => {
    await open();
    for (const scope of SCOPES.filter((one) => one !== "admin")) {
      const { token } = await pairDevice(gateway, [scope], scope);
      for (const method of gateway.gateway.registry.methods.values()) {
        if (method.socketOnly || method.scope === "none" || method.scope === scope || (scope === "write" && method.scope === "read")) continue;
        const [right, ...wrong] = casesOf(toJsonSchema(method.params));
        for (const { what, params } of [right!, ...wrong.slice(0, 3)]) {
          const { status, body } = await rest(method, params, token);
          assert.deepEqual([status, body.error?.code], [403, "forbidden"], `${method.name} as ${scope}: ${what}`);
        }
      }
    }
  });

  test("over OpenClaw's frames wrong parameters of every row are answered, never with an internal error", async () => {
    await open();
    const client = await FrameClient.connected(gateway);
    for (const { method, params: schema } of ROWS) {
      for (const { what, params } of casesOf(toJsonSchema(schema))) {
        const { ok, error } = await answered(`${method}: ${what}`, client.call(method, params));
        if (!ok) assert.notEqual(error!.message, "internal error", `${method}: ${what}`);
      }
    }
    await client.close();
  });

  test("the OpenAPI document is valid by its own standard", async () => {
    await open();
    const document = (await (await gateway.call("/api/openapi.json")).json()) as Record<string, unknown>;
    const { valid, errors } = await new Validator().validate(document);
    assert.ok(valid, JSON.stringify(errors));
    const paths = Object.keys(document["paths"] as object);
    for (const { name, socketOnly } of gateway.gateway.registry.methods.values())
      assert.equal(paths.includes(`/api/${name.replaceAll(".", "/")}`), !socketOnly, name);
  });

  test("the OpenRPC document is valid by its own standard, and every schema in it by JSON Schema", async () => {
    await open();
    const client = await RawClient.authenticated(gateway);
    const document = (await client.call("rpc.discover")).result as { methods: { params: { schema: object }[]; result: { schema: object } }[] };
    await client.close();
    // The meta schema of its schemas has no package of its own that is kept: they are checked below, by a validator of JSON Schema.
    const { $schema: _, ...meta } = (openRpc as unknown as { openrpcDocument: Record<string, unknown> }).openrpcDocument;
    const ajv = new Ajv({ strict: false, validateFormats: false });
    for (const id of ["https://meta.json-schema.tools/", "https://meta.json-schema.tools"])
      ajv.addSchema({ definitions: { JSONSchemaObject: { properties: { $ref: { type: "string" } } } } }, id);
    const check = ajv.compile(meta);
    assert.ok(check(document), JSON.stringify(check.errors));
    const schemas = new Ajv2020({ strict: false, validateFormats: false });
    for (const { params, result } of document.methods) for (const { schema } of [...params, result]) schemas.compile(schema);
  });
});

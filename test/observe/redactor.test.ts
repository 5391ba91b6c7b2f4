import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import * as fc from "fast-check";
import { ConfigError } from "../../src/core/errors.ts";
import { Secret } from "../../src/core/secret.ts";
import { createLog, createLogRing, createRedactor, REDACTED } from "../../src/observe/index.ts";

/** Values as people and platforms make them: keys, passwords with every kind of character, tokens with separators. */
const anyValue = fc.oneof(
  fc.string({ minLength: 8, maxLength: 60, unit: "grapheme-ascii" }),
  fc.string({ minLength: 8, maxLength: 40, unit: "grapheme" }),
  fc.string({ minLength: 12, maxLength: 80, unit: fc.constantFrom(..."abcdefXYZ0123456789-_+/=.%&\"'\\ ") }),
  fc.tuple(fc.nat(), fc.base64String({ minLength: 32, maxLength: 44 })).map(([id, rest]) => `${id}:${rest}`),
);

/** A value of two or three different characters stands in ordinary text by chance; nobody can keep that one secret. */
const secretValue = anyValue.filter((value) => new Set(value.replaceAll(/\s/g, "")).size >= 6 && value === value.trim());

function errorOf(message: string, extra: object): Error {
  return Object.assign(new Error(message, { cause: new TypeError(`inner ${message}`) }), extra);
}

/** Everything a program does with a value on its way into a log. */
function traces(value: string): { text: string; fields: Record<string, unknown> }[] {
  const encoded = encodeURIComponent(value.toWellFormed());
  const basic = Buffer.from(`someone:${value}`).toString("base64");
  return [
    { text: `GET https://api.example/bot${encoded}/getMe?x=1&q=${encoded}#${encoded}`, fields: { url: `https://u:${encoded}@host/` } },
    { text: `failed: ${value}`, fields: { headers: { authorization: `Bearer ${value}`, "x-custom": `v1 ${value}`, other: `Basic ${basic}` } } },
    { text: JSON.stringify({ deep: { list: [value, { again: value }] } }), fields: { body: JSON.stringify(JSON.stringify({ value })) } },
    { text: "stack", fields: { error: errorOf(`refused ${value}`, { request: { raw: [value], path: `/x/${encoded}` } }), [value]: 1 } },
    { text: inspect({ value }), fields: { error: new ConfigError("x", `bad ${value}`, { hint: `not ${value}` }), map: new Map([["a", value]]) } },
    { text: Buffer.from(value).toString("base64url"), fields: { hex: Buffer.from(value).toString("hex"), form: new URLSearchParams({ a: value }).toString() } },
  ];
}

function assertAbsent(sinks: string, value: string): void {
  const forms = [value, encodeURIComponent(value.toWellFormed()), JSON.stringify(value).slice(1, -1), Buffer.from(value).toString("hex")];
  for (const form of [...forms, Buffer.from(value).toString("base64"), Buffer.from(value).toString("base64url")]) {
    const bare = form.replaceAll("=", "");
    assert.ok(bare.trim().length < 8 || !sinks.includes(bare), `${JSON.stringify(form)} is in ${sinks}`);
  }
}

test("sec-115: none of 10,000 generated secrets reaches a log line or the ring, in URLs, errors, headers, JSON or stacks", () => {
  fc.assert(
    fc.property(fc.uniqueArray(secretValue, { minLength: 20, maxLength: 20 }), fc.nat(5), (values, which) => {
      const written: string[] = [];
      const ring = createLogRing(50);
      const redact = createRedactor(values.map((value, index) => new Secret(`s${index}`, value)));
      const log = createLog({ level: "debug", format: which % 2 === 0 ? "json" : "pretty", write: (line) => written.push(line), redact, ring });
      for (const value of values) {
        const trace = traces(value)[which];
        assert.ok(trace);
        log.child({ bound: value }).error(trace.text, trace.fields);
        // A line of a run is judged by its own text: another secret may well be part of a word of it.
        const kept = ring.tail({ limit: 1 })[0];
        assertAbsent(`${written.at(-1)}\n${kept?.message}\n${inspect(kept?.fields, { depth: 12 })}`, value);
      }
    }),
    { numRuns: 500 },
  );
});

test("a credential nobody registered is recognised by its key at any depth", () => {
  const redact = createRedactor();
  const fields = {
    a: { b: [{ Api_Key: "k-1234", deeper: { x: { accessToken: "abc", password: 12345678, cookie: ["a=b"] } } }] },
    Authorization: "Bearer zzz",
    "set-cookie": "sid=1",
    clientSecret: { value: "object" },
    rawHeaders: ["Host", "example", "Authorization", "Bearer zzz"],
  };
  const clean = redact.fields(fields);
  for (const gone of ["k-1234", "abc", "12345678", "a=b", "zzz", "sid=1", "object"]) assert.ok(!JSON.stringify(clean).includes(gone), gone);
});

test("counts of tokens, flags and secret handles stay readable", () => {
  const clean = createRedactor().fields({ tokens: 120, max_tokens: 4096, hasToken: true, handle: new Secret("openai", "sk-something-long") });
  assert.deepEqual(clean, { tokens: 120, max_tokens: 4096, hasToken: true, handle: "[secret openai]" });
});

test("a list of keys of the config stays readable; a header list does not", () => {
  const applied = ["agents.max_tokens", "agents.thinking", "gateway.auth.token", "gateway.port"];
  const clean = createRedactor().fields({ applied, headers: ["x-api-key", "hunter2-hunter2"] });
  assert.deepEqual(clean, { applied, headers: ["x-api-key", "[redacted]"] });
});

test("a credential nobody registered is recognised by its shape in running text", () => {
  const redact = createRedactor();
  const shapes: [string, string][] = [
    ["POST https://api.telegram.org/bot123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc/getMe", "AAEhBOweik6ad9r"],
    ["https://host/x?token=abcdef123&ok=1", "abcdef123"],
    ["postgres://clanker:hunter22@db/x", "hunter22"],
    ['{"api_key":"qwertyuiop"}', "qwertyuiop"],
    ['{\\"password\\":\\"qwertyuiop\\"}', "qwertyuiop"],
    ["Authorization: Bearer abcdefghijk", "abcdefghijk"],
    ["authorization=Custom abcdefghijk", "abcdefghijk"],
    ["Cookie: sid=abcdefghijk; b=c", "abcdefghijk"],
    [`key ${"sk"}-ant-${"abcdefghijklmnop"} is wrong`, "abcdefghijklmnop"],
    ["-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN\n-----END PRIVATE KEY-----", "MIIEvQIBADAN"],
    ["jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "c2lnbmF0dXJl"],
  ];
  for (const [text, gone] of shapes) {
    const clean = redact.text(text);
    assert.ok(!clean.includes(gone), clean);
    assert.ok(clean.includes(REDACTED), clean);
  }
  for (const kept of ["the token bucket is empty", "turn 019a done, 120 tokens", "channel telegram:default ready", "https://example.org/a?b=c"]) {
    assert.equal(redact.text(kept), kept);
  }
});

test("a secret that is registered later is redacted from then on", () => {
  const redact = createRedactor();
  assert.equal(redact.text("correct horse"), "correct horse");
  redact.add(new Secret("battery", "correct horse"));
  assert.equal(redact.text("<correct horse>"), `<${REDACTED}>`);
});

test("of secrets that begin alike the longest one goes, and neighbours go as well", () => {
  const redact = createRedactor([new Secret("a", "abcd1234"), new Secret("b", "abcd1234efgh")]);
  assert.equal(redact.text("abcd1234efghabcd1234!"), `${REDACTED}${REDACTED}!`);
});

test("fields that fight back are copied without an error", () => {
  const circular: Record<string, unknown> = { name: "loop" };
  circular["self"] = circular;
  const hostile = {
    circular,
    get thrower(): string {
      throw new Error("no");
    },
    proxy: new Proxy(
      {},
      {
        ownKeys() {
          throw new Error("no");
        },
      },
    ),
    big: 1n,
    nan: Number.NaN,
    symbol: Symbol("x"),
    toJSON: { toJSON: () => ({ password: "leak" }) },
    date: new Date(Number.NaN),
    bytes: new Uint8Array(3),
    wide: Array.from({ length: 1_000 }, (_, index) => index),
    ["__proto__"]: { polluted: true },
  };
  const text = JSON.stringify(createRedactor().fields(hostile));
  assert.ok(text.includes("[circular]"));
  assert.ok(!text.includes("leak"));
  assert.ok(text.length < 5_000);
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
});

test("shapes are searched in linear time", () => {
  const redact = createRedactor([new Secret("s", "aaaaaaaaab")]);
  for (const piece of ["a", "Bearer ", "token=", "eyJ", "://", "-----BEGIN ", "authorization: ", "cookie:"]) {
    const text = piece.repeat(Math.ceil(32_000 / piece.length));
    const before = process.cpuUsage();
    redact.text(text);
    const { user } = process.cpuUsage(before);
    assert.ok(user < 2_000_000, `${piece}: ${user} µs of CPU`);
  }
});

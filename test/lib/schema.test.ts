import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret } from "../../src/core/secret.ts";
import { described, isSecret, notesOf, secret, textOrFile, toJsonSchema, v } from "../../src/lib/schema/index.ts";

test("a described key keeps its type, its default and its being optional", () => {
  const schema = v.strictObject({ port: described(v.optional(v.number(), 1), "The port.", { restart: true }), name: described(v.string(), "The name.") });
  assert.deepEqual(v.parse(schema, { name: "a" }), { port: 1, name: "a" });
  assert.deepEqual(notesOf(schema.entries.port), { description: "The port.", restart: true });
  assert.equal(v.safeParse(schema, {}).success, false);
});

test("the last of two descriptions counts", () => {
  assert.equal(notesOf(described(described(v.string(), "old"), "new")).description, "new");
});

test("JSON Schema describes what is written: descriptions survive transformations and our own notes stay out", () => {
  const id = v.pipe(v.union([v.string(), v.number()]), v.transform(String));
  const schema = v.strictObject({
    id: described(id, "An id.", { example: "1", restart: true }),
    token: described(v.optional(secret()), "A token."),
    prompt: v.optional(textOrFile()),
  });
  assert.deepEqual(toJsonSchema(schema), {
    type: "object",
    properties: {
      id: { anyOf: [{ type: "string" }, { type: "number" }], description: "An id." },
      token: { type: "string", writeOnly: true, description: "A token." },
      prompt: { type: "string" },
    },
    required: ["id"],
    additionalProperties: false,
  });
});

test("a secret key takes handles only and is known as one through optional", () => {
  assert.equal(v.is(secret(), "text"), false);
  assert.equal(v.is(secret(), new Secret("a", "b")), true);
  assert.equal(isSecret(described(v.optional(secret()), "x")), true);
  assert.equal(isSecret(v.string()), false);
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { checkArgs } from "../../src/lib/check-args/index.ts";

const schema = {
  type: "object",
  properties: {
    name: { type: "string", minLength: 1, maxLength: 5, pattern: "^[a-z]+$" },
    count: { type: "integer", minimum: 1, maximum: 10 },
    ratio: { type: ["number", "null"], exclusiveMinimum: 0, exclusiveMaximum: 1 },
    kind: { enum: ["a", "b"] },
    fixed: { const: 7 },
    list: { type: "array", items: { $ref: "#/$defs/item" }, minItems: 1, maxItems: 2 },
    either: { anyOf: [{ type: "string" }, { type: "boolean" }] },
  },
  required: ["name"],
  additionalProperties: false,
  $defs: { item: { type: "object", properties: { id: { type: "string" } }, required: ["id"], additionalProperties: false } },
};

describe("lib/check-args", () => {
  it("lets right arguments pass", () => {
    assert.equal(checkArgs(schema, { name: "ada" }), undefined);
    assert.equal(checkArgs(schema, { name: "ada", count: 3, ratio: null, kind: "a", fixed: 7, list: [{ id: "x" }], either: true }), undefined);
    assert.equal(checkArgs({ type: "object" }, { anything: [1] }), undefined);
    assert.equal(checkArgs({}, "whatever"), undefined);
  });

  it("names what is wrong, in words that a model can act on", () => {
    const cases: [unknown, RegExp][] = [
      [null, /arguments must be object, not null/u],
      [[], /must be object, not array/u],
      [{}, /"name" is missing/u],
      [{ name: "" }, /at least 1/u],
      [{ name: "abcdef" }, /at most 5/u],
      [{ name: "A" }, /must match/u],
      [{ name: "a", count: 1.5 }, /"count" must be integer/u],
      [{ name: "a", count: 0 }, /at least 1/u],
      [{ name: "a", ratio: 1 }, /less than 1/u],
      [{ name: "a", ratio: Number.NaN }, /must be number or null/u],
      [{ name: "a", kind: "c" }, /one of \["a","b"\]/u],
      [{ name: "a", fixed: 8 }, /must be 7/u],
      [{ name: "a", list: [] }, /at least 1 items/u],
      [{ name: "a", list: [{ id: "x" }, { id: 3 }] }, /"list\[1\].id" must be string, not number/u],
      [{ name: "a", either: 3 }, /must be string/u],
      [{ name: "a", other: 1 }, /"other" is unknown; known: name, /u],
      [JSON.parse('{"name":"a","__proto__":1}'), /"__proto__" is unknown/u],
    ];
    for (const [args, wrong] of cases) assert.match(checkArgs(schema, args) ?? "passed", wrong, JSON.stringify(args));
  });

  it("refuses endless references and answers any JSON without throwing", () => {
    assert.match(checkArgs({ $ref: "#" }, {}) ?? "", /too deep/u);
    assert.match(checkArgs({ $ref: "#/$defs/none" }, {}) ?? "", /not allowed/u);
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.jsonValue(),
        (json, args) => void checkArgs(typeof json === "object" && json !== null ? (json as Record<string, unknown>) : {}, args),
      ),
    );
  });
});

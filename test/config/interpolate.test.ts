import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { interpolate } from "../../src/config/interpolate.ts";

const env = { A: "1", EMPTY: "", REF: "${A}" };
const text = (written: string) => {
  const result = interpolate(written, env);
  return "problem" in result ? result.problem : result.text;
};

test("variables, defaults and escapes", () => {
  assert.equal(text("x${A}y${A}"), "x1y1");
  assert.equal(text("${NO:-d}${EMPTY:-e}${EMPTY}${A:-z}${NO:-}"), "de1");
  assert.equal(text("$${A} $ {A} $A $$"), "${A} $ {A} $A $$");
  assert.equal(text("${REF}"), "${A}", "what is put in is not looked at again");
  assert.match(text("${NO}"), /NO is not set/);
  assert.match(text("${A"), /without \}/);
  assert.match(text("${}"), /name of an environment variable/);
  assert.match(text("${A B}"), /name of an environment variable/);
});

test("a text without ${ stays as it is", () => {
  fc.assert(
    fc.property(fc.string(), (written) => {
      fc.pre(!written.includes("${"));
      assert.deepEqual(interpolate(written, {}), { text: written, changed: false });
    }),
  );
});

test("an escaped text comes out as it was, whatever the variables are", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("$", "{", "}", "A", ":", "-", " ") }), (wanted) => {
      assert.deepEqual(
        interpolate(
          wanted.replaceAll("${", () => "$${"),
          env,
        ),
        { text: wanted, changed: false },
      );
    }),
  );
});

test("a variable between two texts stands between them", () => {
  const plain = fc.string().filter((part) => !part.includes("$") && !part.includes("{"));
  fc.assert(
    fc.property(plain, fc.string(), plain, (before, value, after) => {
      assert.deepEqual(interpolate(`${before}\${V}${after}`, { V: value }), { text: before + value + after, changed: true });
    }),
  );
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fillTemplate } from "../../src/hooks/fill-template.ts";

const BODY = { issue: { title: "Lamp {{issue.number}}", number: 7, labels: ["a", "b"], closed: false, by: null } };

describe("the template of a hook", () => {
  test("puts in values by their path, and nothing for what is not there", () => {
    assert.equal(fillTemplate("#{{issue.number}} {{ issue.labels.1 }} {{issue.closed}}[{{issue.by}}][{{issue.nobody.x}}]", BODY), "#7 b false[][]");
    assert.equal(fillTemplate("{{issue.labels}}", BODY), '[\n "a",\n "b"\n]');
    assert.deepEqual(JSON.parse(fillTemplate("{{body}}", BODY)), BODY);
    assert.equal(fillTemplate("{{body}}", "a text"), "a text");
  });

  test("does not read what a value says, and looks at own keys alone", () => {
    assert.equal(fillTemplate("{{issue.title}}", BODY), "Lamp {{issue.number}}");
    for (const path of ["__proto__", "constructor", "issue.constructor.name", "issue.labels.length.x", "issue.title.length"])
      assert.equal(fillTemplate(`{{${path}}}`, BODY), "");
    assert.equal(fillTemplate("{{ 1 + 1 }} {{#if x}} ${issue}", BODY), "{{ 1 + 1 }} {{#if x}} ${issue}");
  });

  test("is cut where it would fill a context", () => {
    const text = fillTemplate("{{body}}", { long: "x".repeat(80_000) });
    assert.ok(text.length < 50_100);
    assert.match(text, /\(cut: 80\d\d\d characters\)$/);
  });
});

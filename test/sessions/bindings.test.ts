import assert from "node:assert/strict";
import { test } from "node:test";
import type { Principal } from "../../src/core/principal.ts";
import { boundAgent, type Binding } from "../../src/sessions/bindings.ts";

const direct: Principal = { person: "ada", class: "trusted", sender: "42", where: { channel: "telegram", account: "work", conversation: "42" }, direct: true };
const group: Principal = { ...direct, where: { ...direct.where, conversation: "-5" }, direct: false };

test("the most specific binding counts: group, then person, then account, then channel", () => {
  const bindings: Binding[] = [
    { agent: "channel", channel: "telegram" },
    { agent: "account", channel: "telegram", account: "work" },
    { agent: "person", person: "ada" },
    { agent: "group", group: "-5" },
    { agent: "both", group: "-5", person: "42" },
  ];
  assert.equal(boundAgent(bindings, direct), "person");
  assert.equal(boundAgent(bindings, group), "both");
  assert.equal(boundAgent(bindings.slice(0, 4), group), "group");
  assert.equal(boundAgent(bindings.slice(0, 3), group), "account");
  assert.equal(boundAgent(bindings.slice(0, 1), group), "channel");
  assert.equal(boundAgent([], direct), undefined);
});

test("everything that is named has to fit, and of two alike the first one counts", () => {
  assert.equal(boundAgent([{ agent: "x", channel: "discord" }], direct), undefined);
  assert.equal(boundAgent([{ agent: "x", channel: "telegram", account: "default" }], direct), undefined);
  assert.equal(boundAgent([{ agent: "x", person: "bob" }], direct), undefined);
  assert.equal(boundAgent([{ agent: "x", group: "42" }], direct), undefined, "a direct chat is no group, whatever its id");
  assert.equal(boundAgent([{ agent: "x", person: "42" }], direct), "x");
  assert.equal(
    boundAgent(
      [
        { agent: "first", channel: "telegram" },
        { agent: "second", channel: "telegram" },
      ],
      direct,
    ),
    "first",
  );
});

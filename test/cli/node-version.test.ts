import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { nodeTooOld, OLDEST_NODE } from "../../src/cli/node-version.ts";

test("a Node.js that is too old is told so with what is needed, and that is what package.json says", () => {
  const { engines } = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8")) as { engines: { node: string } };
  assert.equal(engines.node, `>=${OLDEST_NODE}`);
  assert.match(nodeTooOld("20.20.2") ?? "", /Node\.js 20\.20\.2.*24\.15 or later \(node_too_old\)/);
  assert.match(nodeTooOld("24.14.9") ?? "", /node_too_old/);
  assert.equal(nodeTooOld("24.15.0"), undefined);
  assert.equal(nodeTooOld(process.versions.node), undefined);
});

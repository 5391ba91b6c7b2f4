import assert from "node:assert/strict";
import { test } from "node:test";
import { withTargets } from "../../src/lib/link-target/index.ts";
import { parseMarkdown, plainText } from "../../src/lib/markdown/index.ts";

test("a link shows its target once", () => {
  const shown = (text: string, keep = false) => plainText(withTargets(parseMarkdown(text), { keep }));
  assert.equal(shown("**[here](https://a.test/x)**"), "here (https://a.test/x)");
  assert.equal(shown("[here](https://a.test/x)", true), "here (https://a.test/x)");
  assert.equal(shown("ann@a.test, https://a.test and www.a.test"), "ann@a.test, https://a.test and www.a.test");
  assert.equal(shown("[https://bank.test](https://evil.test)"), "https://bank.test (https://evil.test)");
});

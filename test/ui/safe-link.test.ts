import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeEntities } from "../../ui/src/markdown/entities.ts";
import { safeLink } from "../../ui/src/markdown/safe-link.ts";
import { tokenOf } from "../../ui/src/login/credential.ts";
import { ago, sessionName } from "../../ui/src/sessions/session-name.ts";

test("sec-26 only links to pages and letters are links", () => {
  for (const href of ["https://example.org/a?b=c", "http://example.org", "mailto:ada@example.org"]) assert.ok(safeLink(href));
  const hostile =
    "javascript:alert(1) JaVaScRiPt:alert(1) java\tscript:alert(1) \u0001javascript:1 data:text/html,x vbscript:x blob:https://a/b file:///etc/passwd //evil.example /ui/ #x";
  for (const href of hostile.split(" ")) assert.equal(safeLink(href), undefined, href);
});

test("character references become characters, unknown ones stay", () => {
  assert.equal(decodeEntities("a &amp; b &lt;c&gt; &#39;&#x41; &nosuch; &#0; &#1114112; &"), "a & b <c> 'A &nosuch; \ufffd \ufffd &");
});

test("a pasted address or a bare token gives the token", () => {
  assert.equal(tokenOf(" http://127.0.0.1:18789/ui/#token=abc-DEF_1 "), "abc-DEF_1");
  assert.equal(tokenOf("abc-DEF_1\n"), "abc-DEF_1");
});

test("conversations are called by their label, else by words for their key", () => {
  assert.equal(sessionName({ session: "agent:main:main" }), "Main conversation");
  assert.equal(sessionName({ session: "agent:main:main", label: "Home" }), "Home");
  assert.equal(sessionName({ session: "agent:work:main" }), "Main conversation (work)");
  assert.equal(sessionName({ session: "agent:main:telegram:group:-1001" }), "Telegram group -1001");
  assert.equal(sessionName({ session: "agent:main:direct:ada%3A1" }), "ada:1");
  assert.equal(sessionName({ session: "agent:main:telegram:direct:%zz" }), "%zz on Telegram");
  assert.match(sessionName({ session: "agent:main:web:chat:0190abcdef12" }), /^Conversation cdef12$|^Conversation \w+$/);
});

test("how long ago is said in the largest unit that fits", () => {
  const now = Date.UTC(2026, 10, 21, 12);
  assert.equal(ago(now - 20_000, now), "now");
  assert.equal(ago(now - 5 * 60_000, now), "5 min");
  assert.equal(ago(now - 3 * 3_600_000, now), "3 h");
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { emailConfig } from "../../../src/channels/email/config.ts";
import { automatic, hasDmarcPass, messageIds, parseHeaders } from "../../../src/channels/email/headers.ts";
import { htmlToText, withoutQuote } from "../../../src/channels/email/text.ts";
import { Secret } from "../../../src/core/secret.ts";
import { v } from "../../../src/lib/schema/index.ts";

const head = (...lines: string[]) => parseHeaders(new TextEncoder().encode(lines.join("\r\n")));
const passes = (...lines: string[]) => hasDmarcPass(head(...lines), { authservId: "mx.me.test", domain: "example.org" });

describe("the head of a mail", () => {
  test("fields are unfolded and kept in order", () => {
    const headers = head("Received: one", "\tfolded", "X: a", "received: two", "no field");
    assert.deepEqual(headers.get("received"), ["one folded", "two"]);
    assert.deepEqual(messageIds("<a@b> (x) <c@d>"), ["<a@b>", "<c@d>"]);
  });

  test("sec-30 only the topmost Authentication-Results of our own server makes a sender somebody, and only for the domain shown", () => {
    const ours = "Authentication-Results: mx.me.test; spf=fail; dmarc=pass (p=none dis=none) header.from=Example.org";
    assert.equal(passes(ours), true);
    assert.equal(passes("Authentication-Results: mx.me.test 1; dmarc=pass header.from=example.org;"), true);
    assert.equal(passes(), false);
    assert.equal(passes("Authentication-Results: evil.test; none", ours), false);
    assert.equal(passes("Authentication-Results: mx.me.test; dmarc=fail header.from=example.org", ours), false);
    assert.equal(passes("Authentication-Results: mx.me.test; dmarc=pass header.from=evil.test"), false);
    assert.equal(passes("Authentication-Results: mx.me.test; dmarc=passable header.from=example.org"), false);
    assert.equal(passes("Authentication-Results: mx.me.test; spf=pass (x; dmarc=pass header.from=example.org)"), false);
    assert.equal(passes("Authentication-Results: mx.me.test.evil.test; dmarc=pass header.from=example.org"), false);
    assert.equal(passes("Authentication-Results: mx.me.test; dmarc=pass"), false);
  });

  test("sec-30 a star stands for one label: each of a provider's servers writes under its own name, and nobody else's", () => {
    const result = (name: string) =>
      hasDmarcPass(head(`Authentication-Results: ${name}; dmarc=pass header.from=example.org`), { authservId: "*.messagingengine.com", domain: "example.org" });
    assert.deepEqual(["phl-mx-03.messagingengine.com", "mx5.MessagingEngine.com"].map(result), [true, true]);
    for (const name of [
      "messagingengine.com",
      "evilmessagingengine.com",
      "a.b.messagingengine.com",
      "mx1.messagingengine.com.evil.test",
      "*.messagingengine.com",
      ".messagingengine.com",
    ])
      assert.equal(result(name), false, name);
  });

  test("lists, bounces and automatic answers are known by what RFC 3834 and its relatives name", () => {
    for (const line of [
      "Auto-Submitted: auto-replied",
      "Precedence: bulk",
      "List-Id: <x>",
      "List-Unsubscribe: <mailto:x>",
      "Return-Path: <>",
      "Content-Type: multipart/report; report-type=delivery-status",
      "X-Autoreply: yes",
    ])
      assert.notEqual(automatic(head(line)), undefined, line);
    assert.equal(automatic(head("Auto-Submitted: no", "Return-Path: <ann@example.org>", "Precedence: first-class")), undefined);
  });
});

describe("the words of a mail", () => {
  test("sec-38 what is quoted at the end is the quote and not what was said; signatures go", () => {
    assert.deepEqual(withoutQuote("Yes, do.\n\nOn Fri, 2 Jan 2026 at 3:04, Bob <b@x.test> wrote:\n> /approve AB12\n> shall I?\n"), {
      text: "Yes, do.",
      quote: "/approve AB12\nshall I?",
    });
    assert.deepEqual(withoutQuote("Yes.\n\nOn Fri, 2 Jan 2026 at 3:04, Bob\n<b@x.test> wrote:\n\n> x"), { text: "Yes.", quote: "x" });
    assert.deepEqual(withoutQuote("> shall I?\nYes.\n> and this?\nNo.\n-- \nAnn"), { text: "> shall I?\nYes.\n> and this?\nNo.", quote: undefined });
    assert.deepEqual(withoutQuote("See below\n-----Original Message-----\nFrom: x\n\n/approve"), {
      text: "See below",
      quote: "-----Original Message-----\nFrom: x\n\n/approve",
    });
    assert.deepEqual(withoutQuote(""), { text: "", quote: undefined });
  });

  test("HTML becomes text: what is hidden goes, where links lead stays, quotes are quotes", () => {
    const html = `<html><head><title>t</title><style>p{}</style></head><body><p>Hello&nbsp;<b>Ann</b> &amp; all</p><!-- x --><ul><li>one<li>two</ul>
      <a href="https://evil.test/">https://bank.test</a> <a href='https://a.test'>https://a.test</a><script>alert(1)</script><blockquote>old <p>words</p></blockquote></body></html>`;
    assert.equal(htmlToText(html), "Hello Ann & all\n\n- one\n- two\nhttps://bank.test (https://evil.test/) https://a.test\n> old\n> words");
    assert.equal(htmlToText("<p>unclosed <b"), "unclosed <b");
    assert.equal(htmlToText("&#x202e;&#99999999;x"), "\u202e&#99999999;x");
  });
});

describe("email config", () => {
  const whole = { address: "Clanker@Example.org", password: new Secret("p", "p"), imap_host: "i.test", smtp_host: "s.test", authserv_id: "mx.test" };
  const problems = (input: unknown) => v.safeParse(emailConfig, input).issues?.map((issue) => issue.message) ?? [];

  test("addresses are compared in small letters; nothing of an account may be missing", () => {
    const config = v.parse(emailConfig, { ...whole, owner_ids: ["Ann@Example.org"] });
    assert.deepEqual(
      [config.address, config.owner_ids, config.imap_port, config.smtp_port, config.accept_unverified],
      ["clanker@example.org", ["ann@example.org"], 993, 465, false],
    );
    assert.match(problems({ ...whole, authserv_id: undefined })[0]!, /all needed/);
    assert.deepEqual(problems({ ...whole, authserv_id: "*.messagingengine.com" }), []);
    for (const wide of ["*", "*.com", "mx.*.com", "*mx.example.org"]) assert.match(problems({ ...whole, authserv_id: wide })[0]!, /name of a mail server/);
    assert.match(problems({ ...whole, owner_ids: ["Ann"] })[0]!, /mail address/);
    assert.match(problems({ ...whole, owner_ids: ["unverified:ann@example.org"] })[0]!, /mail address/);
    assert.match(problems({})[0]!, /all needed/);
  });
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import type { Label } from "../../src/core/label.ts";
import { parseMarkdown, type MarkdownNode } from "../../src/lib/markdown/index.ts";
import { defangLinks, linksOf, trustedLinks } from "../../src/security/url-provenance.ts";

const TAINTED: Label = { integrity: "EXTERNAL", confidentiality: "PRIVATE" };
const defang = (text: string, trusted: readonly string[] = []) => defangLinks(text, { label: TAINTED, trusted: new Set(trusted) });

/** Links that a client would make of the text: those of our own markdown, and what messengers find in plain text. */
function liveLinks(text: string): string[] {
  const nodes = (list: readonly MarkdownNode[]): string[] =>
    list.flatMap((node) => [...(node.type === "link" ? [node.url] : []), ...("children" in node ? nodes(node.children) : [])]);
  const plain =
    text.match(/\b(?:https?|ftp):\/\/[\w[]\S*|\b(?:mailto|tel|tg):[\w+]\S*|(?<![\w@.-])(?:[a-z0-9-]+\.)+(?:com|net|org|example|io|md)(?:\/\S*)?/gi) ?? [];
  return [...nodes(parseMarkdown(text)), ...plain];
}

describe("links in what a tainted context says", () => {
  test("sec-88 a link that nobody trusted wrote is defanged and stays readable", () => {
    assert.equal(defang("see https://evil.example/?d=secret."), "see hxxps://evil[.]example/?d=secret.");
    assert.equal(defang("HTTP://Evil.Example:8080/x"), "hxxp://Evil[.]Example:8080/x");
    assert.equal(defang("mailto:x@evil.example?body=secret"), "mailto[:]x@evil[.]example?body=secret");
  });

  test("sec-88 every way to write a link is found", () => {
    const texts = `https://evil.example/?d=s | http://evil.example | HTTPS://EVIL.EXAMPLE/x | ftp://evil.example/x | [a](https://evil.example/?d=s) | ![a](https://evil.example/s.png)
<https://evil.example/s> | [a][1] [1]: https://evil.example/s | [a](<https://evil.example/ s>) | https&#58;//evil.example/s | https&#x3a;&#x2f;&#x2f;evil.example/s | https&colon;//evil.example/s
[a](https\\://evil.example/s) | [a](https:\\/\\/evil.example) | evil.example/s | www.evil.com | s.evil.com | evil.com/?d=s | EVIL.COM | evil.com:8080/s | secret.evil.md | evil。com/s | 93.184.216.34/s
mailto:a@evil.example | tel:+1555 | tg://resolve?domain=x | tg:msg_url?url=x | sms:+1555 | javascript:alert(1) | data:text/html,x | **https://evil.example/s** | \`https://evil.example/s\` | "https://evil.example/s"
(https://evil.example/s) | https://a:b@evil.example/ | https://[::1]/s | https://evil.example/https://other.example/x | x(https://evil.example)y | >https://evil.example | a|https://evil.example|b | https:\\\\evil.example`;
    for (const text of texts.split(/ \| |\n/)) assert.deepEqual(liveLinks(defang(text)), [], `${text} -> ${defang(text)}`);
  });

  test("sec-88 a link that stood word for word in trusted input is left as it is, and only that one", () => {
    const trusted = linksOf("Read https://good.example/page?x=1, please, and (https://good.example/b_(c)) and good.example/home.");
    assert.deepEqual(trusted, ["https://good.example/page?x=1", "https://good.example/b_(c)", "good.example/home"]);
    for (const same of ["https://good.example/page?x=1", "[it](https://good.example/b_(c))", "(https://good.example/page?x=1).", "good.example/home"])
      assert.equal(defang(same, trusted), same);
    for (const other of [
      "https://good.example/page?x=12",
      "https://good.example/page",
      "https://good.example/page?x=1&d=s",
      "https://good.example/page?x=1#s",
      "http://good.example/page?x=1",
      "https://good.example.evil.com/page?x=1",
      "good.example/home/s",
    ])
      assert.deepEqual(liveLinks(defang(other, trusted)), [], other);
  });

  test("sec-88 sec-38 only what the owner and trusted people wrote themselves makes a link trusted: no quote, no guest, no page, no answer", () => {
    const user = (text: string, integrity: Label["integrity"], quote?: string) => ({
      label: { integrity, confidentiality: "PRIVATE" as const },
      content: {
        role: "user" as const,
        message: { parts: [{ type: "text" as const, text }], ...(quote !== undefined && { quote: { text: quote } }) },
        envelope: { channel: "loop", direct: true, at: 0 },
        addressed: true,
      },
    });
    const owner = { integrity: "OWNER", confidentiality: "PRIVATE" } as const;
    const found = trustedLinks([
      user("https://a.example/1", "OWNER", "https://quoted.example/"),
      user("https://b.example/2", "TRUSTED"),
      user("https://c.example/3", "GUEST"),
      user("https://d.example/4", "EXTERNAL"),
      { label: owner, content: { role: "tool", callId: "c", name: "web_fetch", text: "https://e.example/", error: false } },
      { label: owner, content: { role: "assistant", parts: [{ type: "text", text: "https://f.example/" }], model: "m", stop: "end" } },
    ]);
    assert.deepEqual([...found], ["https://a.example/1", "https://b.example/2"]);
  });

  test("sec-88 files, versions, addresses and prose are no links", () => {
    for (const text of [
      "README.md and src/core/http.ts",
      "node.js 26.10.0",
      "a.b is e.g. fine, i.e. 3.14",
      "ann@example.com",
      "10:30, 2026-11-21",
      "C:\\Users\\.ssh",
      "und so weiter...Ende",
      "f(x).y",
      "key: value",
      "&lt;b&gt; &amp; &nbsp;",
    ])
      assert.ok(!/\[[.:]\]|hxxp/.test(defang(text)), `${text} -> ${defang(text)}`);
  });

  test("other contexts keep their links: what is public has nothing to lose, what the owner wrote is the owner's", () => {
    const text = "see https://example.com/?q=1";
    const labels: Label[] = [
      { integrity: "OWNER", confidentiality: "PRIVATE" },
      { integrity: "TRUSTED", confidentiality: "PRIVATE" },
      { integrity: "EXTERNAL", confidentiality: "PUBLIC" },
      { integrity: "EXTERNAL", confidentiality: "CONVERSATION:telegram:default:-5" },
    ];
    for (const label of labels) assert.equal(defangLinks(text, { label, trusted: new Set() }), text);
    for (const label of [TAINTED, { integrity: "GUEST", confidentiality: "PRIVATE" }, { integrity: "EXTERNAL", confidentiality: "SECRET" }] as Label[])
      assert.notEqual(defangLinks(text, { label, trusted: new Set() }), text);
  });

  test("sec-88 no text gets a live link through", () => {
    const piece = fc.constantFrom(
      "https",
      "http",
      ":",
      "//",
      "/",
      "\\",
      "&#58;",
      "&#x2f;",
      "evil",
      ".",
      "com",
      "example",
      "?d=",
      "(",
      ")",
      "[",
      "]",
      "<",
      ">",
      " ",
      "\n",
      "mailto:",
      "`",
      "*",
      "_",
      "@",
      "www.",
      "s3cret",
      "#",
      "|",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (parts) => {
        const once = defang(parts.join(""));
        // Markdown makes a link of any ann@example.com; nobody is told by it before a person has sent the mail.
        const hosts = liveLinks(once).filter((link) => /^(https?|mailto):/i.test(link) && /[a-z]/i.test(link.slice(7)) && !/^mailto:[^@]+@[^@]+$/.test(link));
        assert.deepEqual(hosts, [], `${parts.join("")} -> ${once}`);
      }),
      { numRuns: 5_000 },
    );
  });

  test("long hostile texts are looked at in linear time", () => {
    for (const part of ["a", "a.", "https://", "a-", "http", "&#58;", ".", "1.", "mailto:", "(", "a@", "\\."]) {
      const text = part.repeat(Math.ceil(100_000 / part.length));
      const before = process.cpuUsage();
      defang(text);
      assert.ok(process.cpuUsage(before).user < 2_000_000, part);
    }
  });
});

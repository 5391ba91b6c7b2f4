import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { systemClock } from "../../src/app/system.ts";
import { ToolError } from "../../src/core/errors.ts";
import { createHtmlReader } from "../../src/media/html/index.ts";
import { createManualClock } from "../fakes/manual-clock.ts";

const URL_OF_PAGE = "https://example.com/news/today?x=1";
const PARAGRAPH = "<p>The harbour was quiet in the morning, and nobody expected what came over the hill, slowly, with a lantern.</p>";

const read = (html: string, signal = new AbortController().signal) => createHtmlReader({ clock: createManualClock() }).read({ html, url: URL_OF_PAGE }, signal);

const isUnreadable = (error: unknown) => error instanceof ToolError && error.code === "page_unreadable";

describe("a web page as markdown", { timeout: 60_000 }, () => {
  test("the article is found between menus and advertisements, with its title", async () => {
    const menu = `<nav><ul>${"<li><a href='/menu'>Menu</a></li>".repeat(20)}</ul></nav>`;
    const { title, markdown } = await read(
      `<html><head><title> The\n Lantern </title></head><body>${menu}<article><h2>One</h2>${PARAGRAPH.repeat(8)}</article><footer>imprint</footer></body></html>`,
    );
    assert.equal(title, "The Lantern");
    assert.match(markdown, /## One/);
    assert.match(markdown, /The harbour was quiet/);
    assert.doesNotMatch(markdown, /Menu/);
  });

  test("headings, lists, code, tables, links and pictures keep their meaning", async () => {
    const { markdown } = await read(
      `<h1>Title</h1><ul><li>one</li><li>two <b>bold</b></li></ul><pre><code>a\n  b</code></pre><table><tr><th>k</th><th>v</th></tr><tr><td>x|y</td><td>1</td></tr></table>` +
        `<p><a href="../other page?(1)">other</a> <a href="javascript:alert(1)">no</a> <a href="#top">top</a> <a href="//host.example/x">host</a><img src="https://t.example/p.gif" alt="a\nlantern"></p>`,
    );
    assert.match(markdown, /^# Title/m);
    assert.match(markdown, /^- {1,3}one\n- {1,3}two \*\*bold\*\*/m);
    assert.match(markdown, /```\na\n {2}b\n```/);
    assert.match(markdown, /\| k \| v \|\n\| x\\\|y \| 1 \|/);
    assert.match(markdown, /\[other\]\(https:\/\/example\.com\/other%20page\?%281%29\)/);
    assert.match(markdown, /\[host\]\(https:\/\/host\.example\/x\)/);
    assert.match(markdown, /\[image: a lantern\]/);
    assert.doesNotMatch(markdown, /javascript|\/\/t\.example/);
  });

  test("sec-96 what a reader does not see does not reach the model as text of the page", async () => {
    const hidden = [
      `<script>canary-1</script><style>canary-2</style><noscript>canary-3</noscript><template>canary-4</template>`,
      `<div hidden>canary-5</div><p aria-hidden="true">canary-6</p><span style="display: none">canary-7</span><p style="color:red;visibility:hidden">canary-8</p>`,
      `<p style="opacity:0">canary-9</p><p style="font-size:0px">canary-10</p><!-- canary-11 --><svg><text>canary-12</text></svg><textarea>canary-13</textarea>`,
    ].join("");
    const { markdown } = await read(`<body>${hidden}${PARAGRAPH}</body>`);
    assert.doesNotMatch(markdown, /canary/);
    assert.match(markdown, /harbour/);
  });

  test("nothing, plain text and broken HTML are pages as well", async () => {
    assert.equal((await read("")).markdown, "");
    assert.match((await read("just text")).markdown, /just text/);
    assert.match((await read("<p>a<div>b</p></span><table><td>c")).markdown, /a[^]*b[^]*c/);
  });

  test("a page that is nested without end is answered or refused, and the program goes on", async () => {
    const reader = createHtmlReader({ clock: systemClock, timeMs: 500 });
    for (const html of ["<div>".repeat(200_000), `${"<a href=x>".repeat(50_000)}x`, "<table><tr><td>".repeat(20_000), "<p ".repeat(200_000)]) {
      await reader.read({ html, url: URL_OF_PAGE }, new AbortController().signal).then(
        () => {},
        (error: unknown) => assert.ok(isUnreadable(error), String(error)),
      );
    }
    assert.match((await read(PARAGRAPH)).markdown, /harbour/);
  });

  test("pages wait for one another, and an abort ends one at once", async () => {
    const reader = createHtmlReader({ clock: createManualClock() });
    const pages = await Promise.all(
      ["a", "b", "c", "d"].map((text) => reader.read({ html: `<p>${text}</p>`, url: URL_OF_PAGE }, new AbortController().signal)),
    );
    assert.deepEqual(
      pages.map((page) => page.markdown),
      ["a", "b", "c", "d"],
    );
    const controller = new AbortController();
    const reading = read(PARAGRAPH.repeat(10_000), controller.signal);
    controller.abort();
    await assert.rejects(reading, { code: "aborted" });
  });

  test("a page that takes too long is given up", async () => {
    const clock = createManualClock();
    const reading = createHtmlReader({ clock }).read({ html: PARAGRAPH.repeat(20_000), url: URL_OF_PAGE }, new AbortController().signal);
    const outcome = assert.rejects(reading, isUnreadable);
    await clock.advance(15_000);
    await outcome;
  });
});

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ToolError } from "../../../src/core/errors.ts";
import { silentLog } from "../../../src/core/log.ts";
import { Secret } from "../../../src/core/secret.ts";
import { createHttp, type EgressHttp } from "../../../src/security/host/egress/index.ts";
import { createWebSearchTool } from "../../../src/tools/web-search/index.ts";
import { SEARCH_KEY, startSearchServer, type Found, type SearchServer } from "../../fakes/search-servers.ts";
import { toolContext, toolSuite } from "../../contract/tool-suite.ts";

const FOUND: Found[] = [
  { title: "Lanterns & <light>", url: "https://example.com/lantern?a=1&b=2", snippet: "It's a lamp\nfor the night" },
  { title: "Second", url: "https://example.org/", snippet: "two words" },
  { title: "No web page", url: "javascript:alert(1)", snippet: "never shown" },
];

for (const provider of ["searxng", "brave", "tavily", "duckduckgo"] as const) {
  describe(`tools/web_search with ${provider}`, () => {
    let server: SearchServer;
    let empty: SearchServer;
    let http: EgressHttp;
    before(async () => {
      server = await startSearchServer(provider, FOUND);
      empty = await startSearchServer(provider, []);
      http = createHttp({ log: silentLog });
    });
    after(async () => {
      http.close();
      await Promise.all([server.close(), empty.close()]);
      assert.deepEqual([...server.violations, ...empty.violations], []);
    });
    const open = (at = server) => createWebSearchTool({ provider, base_url: at.url, api_key: new Secret("k", SEARCH_KEY) }, http);

    toolSuite({
      create: () => open(),
      good: [{ query: "lantern" }, { query: "ä & ?=#", count: 20 }],
      bad: [{ query: "" }, { query: "  " }, { query: "x", count: 0 }, { query: "x", count: 21 }, { query: 5 }, { query: "x", site: "y" }],
    });

    it("answers titles, addresses and snippets as EXTERNAL, and nothing that is no web page", async () => {
      const { text, label, error } = await open().run({ query: "old lantern" }, toolContext());
      assert.equal(server.queries.at(-1), "old lantern");
      assert.equal(error, false);
      assert.deepEqual(label, { integrity: "EXTERNAL", confidentiality: "PUBLIC" });
      assert.equal(
        text,
        "1. Lanterns & <light>\n   https://example.com/lantern?a=1&b=2\n   It's a lamp for the night\n\n2. Second\n   https://example.org/\n   two words",
      );
    });

    it("answers no more than was asked for, and says when there is nothing", async () => {
      assert.doesNotMatch((await open().run({ query: "x", count: 1 }, toolContext())).text, /Second/);
      assert.equal((await open(empty).run({ query: "x" }, toolContext())).text, "Nothing was found.");
    });

    it("tells what the provider refused, without the key", async () => {
      for (const status of [401, 403, 429, 500, 202]) {
        server.status = status;
        const fails = (thrown: unknown) =>
          thrown instanceof ToolError && thrown.code === "search_failed" && thrown.message.includes(String(status)) && !thrown.message.includes(SEARCH_KEY);
        await assert.rejects(open().run({ query: "x" }, toolContext()), fails);
      }
      server.status = 200;
    });

    it("says that a provider that is away cannot be reached", async () => {
      const gone = await startSearchServer(provider, []);
      await gone.close();
      await assert.rejects(open(gone).run({ query: "x" }, toolContext()), { code: "search_failed" });
    });
  });
}

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { build, isStale } from "../../scripts/build.ts";
import { complaints, openBrowser } from "../fakes/browser.ts";
import { startGatewayServer, type GatewayServer } from "../fakes/gateway-server.ts";

const uiRoot = join(dirname(fileURLToPath(import.meta.url)), "../../dist/ui");
const MAIN = "agent:main:main";

interface Visit {
  readonly page: Page;
  readonly server: GatewayServer;
  readonly problems: string[];
}

describe("the page", () => {
  let browser: Browser;
  before(async () => {
    if (await isStale()) await build();
    browser = await openBrowser();
  });
  after(() => browser?.close());

  /** A page that is logged in, with a gateway of its own; both are closed afterwards. */
  const visit = async (use: (visit: Visit) => Promise<void>, options: { width?: number; prepare?: (server: GatewayServer) => void; at?: string } = {}) => {
    const server = await startGatewayServer(uiRoot);
    let context: BrowserContext | undefined;
    try {
      options.prepare?.(server);
      context = await browser.newContext({ viewport: { width: options.width ?? 1200, height: 800 } });
      const page = await context.newPage();
      page.setDefaultTimeout(30_000);
      const problems = complaints(page);
      await page.goto(`${server.url}${options.at ?? `/ui/#token=${server.token}`}`);
      await use({ page, server, problems });
    } finally {
      await context?.close();
      await server.close();
    }
  };
  const ready = (page: Page) => page.getByText("All is well").waitFor();
  const say = async (page: Page, text: string) => {
    await page.getByLabel("Message").fill(text);
    await page.keyboard.press("Enter");
  };

  test("sec-11 the token of the printed address leaves the address and the history at once and lasts as long as the tab", () =>
    visit(async ({ page, server, problems }) => {
      await ready(page);
      assert.equal(page.url(), `${server.url}/ui/`);
      assert.equal(await page.evaluate(() => history.length), 2, "the blank page and ours: no entry with the token");
      await page.reload();
      await ready(page);
      assert.ok(server.requests.every(({ path, headers }) => !path.includes(server.token) && !String(headers.referer ?? "").includes(server.token)));
      assert.deepEqual(problems, []);
    }));

  test("without a token it asks for one, says when it is wrong, and takes the whole printed address", () =>
    visit(
      async ({ page, server }) => {
        const field = page.getByLabel("Address, token or password");
        await field.fill("wrong");
        await page.getByRole("button", { name: "Open" }).click();
        await page.getByRole("alert").getByText("does not accept").waitFor();
        await field.fill(`${server.url}/ui/#token=${server.token}`);
        await page.keyboard.press("Enter");
        await ready(page);
        await page.getByText("All is well").click();
        await page.getByRole("button", { name: "Leave" }).click();
        await field.waitFor();
        await page.reload();
        await field.waitFor();
      },
      { at: "/ui/" },
    ));

  test("an answer streams in, its tools in one quiet line, and stands as stored when it has ended", () =>
    visit(async ({ page, server, problems }) => {
      await ready(page);
      await say(page, "What is the weather?");
      const sent = await server.nextCall("chat.send");
      assert.equal(sent["message"], "What is the weather?");
      assert.equal(sent["session"], MAIN);
      assert.ok(sent["idempotency_key"]);
      const turn = { turn_id: "turn-1" };
      server.publish("message.accepted", MAIN, { message_id: "message-1", ...turn, text: "What is the weather?", channel: "web", at: Date.now() });
      server.publish("turn.queued", MAIN, turn);
      server.publish("turn.started", MAIN, turn);
      server.publish("turn.tool", MAIN, { ...turn, call_id: "c1", name: "web_fetch", state: "started" });
      await page.getByText("Using web_fetch").waitFor();
      server.publish("turn.tool", MAIN, { ...turn, call_id: "c1", name: "web_fetch", state: "finished" });
      server.publish("turn.delta", MAIN, { ...turn, offset: 0, text: "It is **sun" });
      await page.getByText("It is").waitFor();
      server.publish("turn.delta", MAIN, { ...turn, offset: 8, text: "sunny** today." });
      await page.locator("strong", { hasText: "sunny" }).waitFor();
      server.entries.set(MAIN, [
        { number: 1, role: "user", text: "What is the weather?", at: Date.now(), message_id: "message-1", channel: "web", turn_id: "turn-1" },
        { number: 2, role: "assistant", text: "", at: Date.now(), turn_id: "turn-1", stop: "calls", calls: [{ call_id: "c1", name: "web_fetch", args: {} }] },
        { number: 3, role: "tool", text: "20 C", at: Date.now(), turn_id: "turn-1", call_id: "c1", name: "web_fetch", error: false },
        { number: 4, role: "assistant", text: "It is **sunny** today.", at: Date.now(), turn_id: "turn-1", stop: "end" },
      ]);
      server.publish("turn.ended", MAIN, { ...turn, outcome: "done", text: "It is **sunny** today.", entry: 4, usage: {} });
      await page.locator(".message.assistant.done time").waitFor();
      assert.equal(await page.locator(".message").count(), 2);
      await page.getByText("Used web_fetch").waitFor();
      await page.reload();
      await page.locator("strong", { hasText: "sunny" }).waitFor();
      assert.equal(await page.locator(".message").count(), 2);
      assert.deepEqual(problems, []);
    }));

  test("a turn whose model is away says that it waits for the model, and goes on when it is back", () =>
    visit(async ({ page, server }) => {
      await ready(page);
      const turn = { turn_id: "turn-1" };
      server.publish("turn.started", MAIN, turn);
      await page.getByText("Answering").waitFor();
      server.publish("turn.queued", MAIN, { ...turn, not_before: Date.now() + 1_000, reason: "model_away" });
      await page.getByText("Waiting for the model", { exact: true }).waitFor();
      assert.equal(await page.getByText("Answering").count(), 0);
      server.publish("turn.queued", MAIN, { ...turn, not_before: Date.now() + 3_600_000, reason: "model_away" });
      await page.getByText(/^Waiting for the model; tries again at /).waitFor();
      await page.getByRole("button", { name: "Stop the answer" }).waitFor();
      server.publish("turn.started", MAIN, turn);
      await page.getByText("Answering").waitFor();
    }));

  test("Escape or the button stops the running answer", () =>
    visit(async ({ page, server }) => {
      await ready(page);
      server.publish("turn.started", MAIN, { turn_id: "turn-1" });
      server.publish("turn.delta", MAIN, { turn_id: "turn-1", offset: 0, text: "One, two," });
      await page.getByRole("button", { name: "Stop the answer" }).click();
      assert.deepEqual(await server.nextCall("chat.abort"), { session: MAIN });
      await page.getByLabel("Message").focus();
      await page.keyboard.press("Escape");
      await server.nextCall("chat.abort");
      server.publish("turn.ended", MAIN, { turn_id: "turn-1", outcome: "cancelled", text: "One, two,", usage: {} });
      await page.getByText("Stopped").waitFor();
      await page.getByRole("button", { name: "Send", exact: true }).waitFor();
    }));

  test("a turn that fails shows why and what to do", () =>
    visit(async ({ page, server }) => {
      await ready(page);
      server.publish("turn.started", MAIN, { turn_id: "turn-1" });
      const error = { code: "key_refused", message: "The provider refused the key.", hint: "Run clanker setup." };
      server.publish("turn.ended", MAIN, { turn_id: "turn-1", outcome: "failed", text: "", usage: {}, error });
      await page.getByRole("alert").getByText("The provider refused the key. Run clanker setup.").waitFor();
    }));

  test("a message that is refused can be sent again under the same key", () =>
    visit(
      async ({ page, server }) => {
        await ready(page);
        await say(page, "Hello");
        const first = await server.nextCall("chat.send");
        await page.getByText("The database is full.").waitFor();
        server.answers.set("chat.send", () => ({ turn_id: "turn-1", message_id: "message-1", session: MAIN }));
        await page.getByRole("button", { name: "Send again" }).click();
        const second = await server.nextCall("chat.send");
        assert.equal(second["idempotency_key"], first["idempotency_key"]);
        await page.locator(".message.user.stored").waitFor();
        assert.equal(await page.locator(".message.user").count(), 1);
      },
      {
        prepare: (server) =>
          void server.answers.set("chat.send", () => {
            throw Object.assign(new Error("The database is full."), { code: "store_full", hint: "Try again." });
          }),
      },
    ));

  test("after a broken line it goes on with the text so far and with what was stored meanwhile", () =>
    visit(async ({ page, server }) => {
      await ready(page);
      server.publish("turn.started", MAIN, { turn_id: "turn-1" });
      server.publish("turn.delta", MAIN, { turn_id: "turn-1", offset: 0, text: "Once upon" });
      await page.getByText("Once upon").waitFor();
      server.entries.set(MAIN, [{ number: 1, role: "user", text: "Tell me a story", at: Date.now(), message_id: "m", channel: "telegram", sender: "Ada" }]);
      server.turns.push({ turn_id: "turn-1", session: MAIN, text: "Once upon a time", tools: [] });
      server.dropSockets();
      await page.getByText("Once upon a time").waitFor();
      await page.getByText("Tell me a story").waitFor();
      await page.getByText("Ada · telegram").waitFor();
      server.publish("turn.delta", MAIN, { turn_id: "turn-1", offset: 16, text: " there was a house." });
      await page.getByText("Once upon a time there was a house.").waitFor();
    }));

  test("a message that waits in the queue is there after a reload, with the time of the next try", () =>
    visit(
      async ({ page }) => {
        await page.getByText("Are you awake?").waitFor();
        await page.getByText("Waiting; tries again at").waitFor();
        await page.getByRole("button", { name: "Stop the answer" }).waitFor();
      },
      {
        prepare: (server) => {
          server.entries.set(MAIN, [{ number: 1, role: "assistant", text: "Good night.", at: 1, turn_id: "t", stop: "end" }]);
          const not_before = Date.now() + 600_000;
          server.answers.set("agent.status", () => ({ turns: [{ turn_id: "turn-1", session: MAIN, status: "queued", created_at: 2, not_before }] }));
          const message = { message_id: "m1", turn_id: "turn-1", type: "message", channel: "web", text: "Are you awake?", at: 2 };
          server.answers.set("messages.history", () => ({ messages: [message, { ...message, message_id: "m0", turn_id: "t", text: "Good night!" }] }));
        },
      },
    ));

  test("a message written while the line is down goes out by itself afterwards, once", () =>
    visit(async ({ page, server }) => {
      await ready(page);
      let lost = true;
      server.answers.set("chat.send", () => {
        if (lost) server.dropSockets();
        lost = false;
        return { turn_id: "turn-1", message_id: "message-1", session: MAIN };
      });
      await say(page, "Are you there?");
      const first = await server.nextCall("chat.send");
      const second = await server.nextCall("chat.send");
      assert.equal(second["idempotency_key"], first["idempotency_key"]);
      await page.locator(".message.user.stored").waitFor();
      assert.equal(await page.locator(".message.user").count(), 1);
    }));

  const HOSTILE = [
    "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>",
    "[click](javascript:document.title='owned') [data](data:text/html,<script>1</script>) [tab](  java\tscript:alert(1))",
    "![pixel](https://127.0.0.1:9/pixel.png)",
    "<svg onload=alert(1)>",
    "<iframe srcdoc='<script>parent.document.title=1</script>'></iframe>",
    "[ref][1]\n\n[1]: vbscript:msgbox(1)",
    `${"> ".repeat(3000)}deep`,
    "&lt;b&gt;not bold&lt;/b&gt; &#106;avascript",
  ].join("\n\n");

  test("sec-26 hostile text, tool names, file names, senders and session names stay inert", () =>
    visit(
      async ({ page, server, problems }) => {
        await page.getByText("deep").first().waitFor();
        server.publish("turn.started", MAIN, { turn_id: "turn-2" });
        server.publish("turn.tool", MAIN, { turn_id: "turn-2", call_id: "c1", name: "<img src=x onerror=alert(1)>", state: "started" });
        server.publish("notice", MAIN, { code: "x", text: "<b onclick=alert(1)>notice</b>" });
        await page.getByText("<b onclick=alert(1)>notice</b>").waitFor();
        const found = await page.evaluate(() => ({
          title: document.title,
          active: document.querySelectorAll(
            "#page script, #page iframe, #page object, #page embed, .markdown img, #page [onerror], #page [onload], #page [onclick]",
          ).length,
          schemes: [...document.querySelectorAll("a")].map((link) => new URL(link.href).protocol),
        }));
        assert.ok(found.title.endsWith("Open Clanker") && !found.title.startsWith("owned"));
        assert.equal(found.active, 0);
        assert.ok(found.schemes.every((scheme) => scheme === "https:"));
        assert.ok(server.requests.every(({ path }) => /^\/(ui\/|api\/media\/|favicon)/.test(path)));
        assert.deepEqual(problems, []);
      },
      {
        prepare: (server) => {
          server.sessions.push({
            session: MAIN,
            session_id: "s",
            agent: "main",
            label: "<img src=x onerror=alert(1)>",
            last_entry: 2,
            created_at: 1,
            updated_at: 2,
          });
          server.media.set("evil", { type: "image/svg+xml", bytes: Buffer.from("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>") });
          const media = [{ kind: "document", media_id: "evil", name: "<img src=x onerror=alert(1)>.svg", type: "image/svg+xml" }];
          server.entries.set(MAIN, [
            { number: 1, role: "user", text: HOSTILE, at: 1, message_id: "m1", channel: "telegram", sender: "<script>alert(1)</script>", media },
            { number: 2, role: "assistant", text: HOSTILE, at: 2, turn_id: "turn-1", stop: "end" },
          ]);
        },
      },
    ));

  test("sec-4 no address in the query or fragment makes it talk to another gateway", async () => {
    const sink = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    await new Promise((resolve) => sink.once("listening", resolve));
    let connections = 0;
    sink.on("connection", () => connections++);
    const { port } = sink.address() as { port: number };
    const evil = encodeURIComponent(`ws://127.0.0.1:${port}`);
    try {
      for (const at of [`/ui/?gatewayUrl=${evil}#token=TOKEN`, `/ui/#token=TOKEN&gatewayUrl=${evil}`, `/ui/#gatewayUrl=${evil}&url=${evil}&token=TOKEN`]) {
        await visit(
          async ({ page, server }) => {
            // The wrong token is forgotten when it is refused: what is set before that would be forgotten instead.
            await page.getByRole("alert").getByText("does not accept").waitFor();
            await page.evaluate((token) => sessionStorage.setItem("clanker.token", token), server.token);
            await page.reload();
            await ready(page);
          },
          { at },
        );
      }
      assert.equal(connections, 0);
    } finally {
      await new Promise((resolve) => sink.close(resolve));
    }
  });

  test("a chosen file is sent first and its media id with the message; a picture of a message is drawn", () =>
    visit(async ({ page, server, problems }) => {
      await ready(page);
      const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
      await page.locator("input[type=file]").setInputFiles([
        { name: "dot.png", mimeType: "image/png", buffer: png },
        { name: "note.txt", mimeType: "text/plain", buffer: Buffer.from("hello") },
      ]);
      await page.locator(".attachments li.ready").nth(1).waitFor();
      await page.getByRole("button", { name: "Remove note.txt" }).click();
      await say(page, "Look");
      const { message } = await server.nextCall("chat.send");
      assert.deepEqual(message, { text: "Look", media: ["media-1"] });
      assert.deepEqual(server.media.get("media-1"), { type: "image/png", bytes: png });
      await page.getByRole("img", { name: "dot.png" }).waitFor();
      assert.deepEqual(problems, []);
    }));

  test("conversations can be put away, brought back and searched", () =>
    visit(
      async ({ page, server }) => {
        await ready(page);
        await page.getByRole("button", { name: "More for Trip to Rome" }).click();
        await page.getByRole("menuitem", { name: "Archive" }).click();
        assert.deepEqual(await server.nextCall("sessions.archive"), { session: "agent:main:web:chat:a" });
        await page.getByRole("button", { name: "Trip to Rome" }).first().waitFor({ state: "detached" });
        await page.getByRole("button", { name: "Archived", exact: true }).click();
        await page.getByRole("button", { name: "More for Trip to Rome" }).click();
        await page.getByRole("menuitem", { name: "Restore" }).click();
        assert.deepEqual(await server.nextCall("sessions.restore"), { session: "agent:main:web:chat:a" });
        await page.getByText("Nothing is archived.").waitFor();

        await page.getByLabel("Search in all conversations").fill("pack");
        assert.deepEqual(await server.nextCall("sessions.search"), { query: "pack", limit: 50 });
        await page.getByRole("list", { name: "What was found" }).getByRole("button", { name: "Pack light" }).click();
        await page.getByRole("heading", { name: "Trip to Rome" }).waitFor();
        await page.getByRole("list", { name: "What was found" }).waitFor({ state: "detached" });
      },
      {
        prepare: (server) => {
          const rome = { session: "agent:main:web:chat:a", session_id: "a", agent: "main", label: "Trip to Rome", last_entry: 1, created_at: 1, updated_at: 2 };
          server.sessions.push(rome);
          server.entries.set(rome.session, [{ number: 1, role: "assistant", text: "Pack light.", at: 1, turn_id: "t", stop: "end" }]);
          const put = (more: object) => {
            const changed = { ...rome, ...more };
            server.sessions.splice(0, 1, changed);
            return changed;
          };
          server.answers.set("sessions.archive", () => put({ archived_at: 5 }));
          server.answers.set("sessions.restore", () => put({}));
          server.answers.set("sessions.search", () => ({
            messages: [{ session: rome.session, session_id: "a", label: rome.label, number: 1, role: "assistant", text: "Pack light.", at: 1 }],
          }));
        },
      },
    ));

  test("conversations can be made, opened, named anew and deleted", () =>
    visit(
      async ({ page, server }) => {
        await ready(page);
        await page.getByRole("button", { name: "Trip to Rome" }).first().click();
        await page.getByRole("heading", { name: "Trip to Rome" }).waitFor();
        await page.getByText("Pack light.").waitFor();

        await page.getByRole("button", { name: "More for Trip to Rome" }).click();
        await page.getByRole("menuitem", { name: "Rename" }).click();
        await page.getByLabel("New name").fill("Rome 2027");
        await page.keyboard.press("Enter");
        assert.deepEqual(await server.nextCall("sessions.patch"), { session: "agent:main:web:chat:a", label: "Rome 2027" });
        await page.getByRole("heading", { name: "Rome 2027" }).waitFor();

        await page.getByRole("button", { name: "More for Rome 2027" }).click();
        await page.getByRole("menuitem", { name: "Delete" }).click();
        await page.getByRole("button", { name: "Delete", exact: true }).click();
        assert.deepEqual(await server.nextCall("sessions.delete"), { session: "agent:main:web:chat:a" });
        await page.getByRole("heading", { name: "Main conversation" }).waitFor();

        await page.getByRole("button", { name: "New" }).click();
        await server.nextCall("sessions.create");
        await page.getByRole("heading", { level: 1, name: /^Conversation / }).waitFor();
        await say(page, "Hi");
        assert.equal((await server.nextCall("chat.send"))["session"], "agent:main:web:chat:b");
      },
      {
        prepare: (server) => {
          const rome = { session: "agent:main:web:chat:a", session_id: "a", agent: "main", label: "Trip to Rome", last_entry: 1, created_at: 1, updated_at: 2 };
          server.sessions.push(rome);
          server.entries.set(rome.session, [{ number: 1, role: "assistant", text: "Pack light.", at: 1, turn_id: "t", stop: "end" }]);
          server.answers.set("sessions.patch", ({ label }) => Object.assign(rome, { label }));
          server.answers.set("sessions.delete", () => ({ deleted: server.sessions.splice(0, 1).length === 1 }));
          server.answers.set("sessions.create", () => {
            const made = { session: "agent:main:web:chat:b", session_id: "b", agent: "main", last_entry: 0, created_at: 3, updated_at: 3 };
            server.sessions.push(made);
            return { ...made, created: true };
          });
        },
      },
    ));

  test("older messages come page by page", () =>
    visit(
      async ({ page }) => {
        await page.getByText("number 150", { exact: true }).waitFor();
        assert.equal(await page.getByText("number 50", { exact: true }).count(), 0);
        await page.getByRole("button", { name: "Show earlier messages" }).click();
        await page.getByText("number 1", { exact: true }).waitFor();
        assert.equal(await page.getByRole("button", { name: "Show earlier messages" }).count(), 0);
        assert.equal(await page.locator(".message").count(), 150);
      },
      {
        prepare: (server) =>
          void server.entries.set(
            MAIN,
            Array.from({ length: 150 }, (_, index) => ({
              number: index + 1,
              role: "user",
              text: `number ${index + 1}`,
              at: index,
              message_id: `m${index}`,
              channel: "web",
            })),
          ),
      },
    ));

  test("on a phone the list is a drawer and nothing is wider than the screen", () =>
    visit(
      async ({ page }) => {
        await page.getByText("const x").waitFor();
        const menu = page.getByRole("button", { name: "Conversations" });
        assert.equal(await page.getByRole("button", { name: "New" }).isVisible(), false);
        await menu.click();
        await page.getByRole("button", { name: "New" }).waitFor();
        await page.keyboard.press("Escape");
        await page.getByRole("button", { name: "New" }).waitFor({ state: "hidden" });
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
      },
      {
        width: 390,
        prepare: (server) => {
          const code = `\`\`\`ts\nconst x = "${"long ".repeat(60)}";\n\`\`\`\n\n| a | b |\n|---|---|\n| ${"wide".repeat(40)} | c |\n\n${"unbroken".repeat(40)}`;
          server.entries.set(MAIN, [{ number: 1, role: "assistant", text: code, at: 1, turn_id: "t", stop: "end" }]);
        },
      },
    ));

  test("every control has a name, and the keyboard reaches the conversation, its menu and the message field", () =>
    visit(
      async ({ page }) => {
        await page.getByText("Pack light.").waitFor();
        const nameless = await page.evaluate(() =>
          [...document.querySelectorAll<HTMLElement>("button, input:not([hidden]), textarea, summary, a")]
            .filter(
              (element) =>
                (element.getAttribute("aria-label") ?? element.textContent ?? "").trim() === "" && !document.querySelector(`label[for="${element.id}"]`),
            )
            .map((element) => element.outerHTML),
        );
        assert.deepEqual(nameless, []);
        const reached = new Set<string>();
        for (let step = 0; step < 14; step++) {
          await page.keyboard.press("Tab");
          reached.add(await page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent ?? ""));
        }
        for (const name of ["New", "Message", "Add files"]) assert.ok(reached.has(name), `${name} is not among ${[...reached].join(", ")}`);
      },
      { prepare: (server) => void server.entries.set(MAIN, [{ number: 1, role: "assistant", text: "Pack light.", at: 1, turn_id: "t", stop: "end" }]) },
    ));

  test("a question of the assistant is a card with the exact plan as plain text; its button answers it, and it goes when it is answered elsewhere (sec-26)", () =>
    visit(async ({ page, server, problems }) => {
      await ready(page);
      const ask = (id: string, text: string) => ({
        approval_id: id,
        code: id.toUpperCase(),
        turn_id: "t1",
        call_id: "c1",
        tool: "shell",
        text,
        reason: "because",
        choices: ["once", "session", "always", "deny"],
        asked_at: Date.now(),
        expires_at: Date.now() + 3_600_000,
      });
      server.answers.set("approvals.resolve", () => ({ approval: {}, reply: "Approved." }));
      server.publish("approval.asked", MAIN, ask("a1", 'Tool: shell\nargv: ["<img src=x onerror=alert(1)>"]'));
      server.publish("approval.asked", "agent:main:other", ask("a2", "Tool: shell\nargv: [2]"));
      const cards = page.getByRole("article", { name: "May I use shell?" });
      await cards.nth(1).waitFor();
      assert.equal(await page.locator(".approval img").count(), 0);
      assert.match((await cards.nth(1).textContent()) ?? "", /in agent:main:other/);
      await cards.first().getByRole("button", { name: "Allow once" }).click();
      assert.deepEqual(await server.nextCall("approvals.resolve"), { approval: "a1", decision: "once" });
      await page.getByText("onerror").waitFor({ state: "hidden" });
      server.publish("approval.resolved", "agent:main:other", { approval_id: "a2", code: "A2", turn_id: "t1", status: "denied" });
      await cards.first().waitFor({ state: "hidden" });
      assert.deepEqual(problems, []);
    }));

  test("who asks to be let in is a card: let in by the code they were given, or turned away; names are plain text (sec-26, sec-37)", () =>
    visit(async ({ page, server, problems }) => {
      await ready(page);
      const knock = (id: string, name: string) => ({
        pairing_id: id,
        channel: "telegram",
        account: "default",
        sender_id: `70${id}`,
        name,
        status: "pending",
        created_at: Date.now(),
        expires_at: Date.now() + 3_600_000,
      });
      const [eve, bob] = [knock("1", "<img src=x onerror=alert(1)>"), knock("2", "Bob")];
      server.answers.set("pairing.list", () => ({ pairings: [eve, bob, { ...knock("3", "Old"), status: "approved" }] }));
      server.answers.set("pairing.deny", () => ({ pairing: { ...eve, status: "denied" } }));
      server.answers.set("pairing.approve", ({ code }) => {
        if (code !== "B0BSC0DE") throw Object.assign(new Error("no such code or pairing, or it has expired"), { code: "pairing_not_found" });
        return { pairing: { ...bob, status: "approved" } };
      });
      server.publish("pairing.changed", undefined, { pairing_id: "1", change: "asked" });
      const cards = page.locator(".pairing");
      await cards.nth(1).waitFor();
      assert.equal(await cards.count(), 2);
      assert.equal(await page.locator(".pairing img").count(), 0);
      const bobs = page.getByRole("form", { name: "Bob asks to be let in" });
      assert.equal(await bobs.getByRole("button", { name: "Let in" }).isDisabled(), true);
      await bobs.getByLabel("Code that Bob was given").fill("WRONG123");
      await bobs.getByRole("button", { name: "Let in" }).click();
      await bobs.getByRole("alert").getByText("no such code").waitFor();
      await server.nextCall("pairing.approve");

      await bobs.getByLabel("Code that Bob was given").fill("B0BSC0DE");
      await page.keyboard.press("Enter");
      assert.deepEqual(await server.nextCall("pairing.approve"), { code: "B0BSC0DE", channel: "telegram", account: "default" });
      await bobs.waitFor({ state: "hidden" });
      await cards.getByRole("button", { name: "Turn away" }).click();
      assert.deepEqual(await server.nextCall("pairing.deny"), { pairing_id: "1" });
      await cards.first().waitFor({ state: "hidden" });
      assert.deepEqual(problems, []);
    }));

  test("a channel is linked from a phone: a picture to scan, changed when it changes, or a code for a number", () =>
    visit(async ({ page, server, problems }) => {
      const account = { channel: "whatsapp", account: "default", state: "failed", detail: "no phone is linked", login: true };
      const steps = [
        { login_id: "l1", number: 2, step: { type: "qr", text: "2@second" } },
        { login_id: "l1", number: 3, step: { type: "linked", identity: "Clanker +1 555" } },
      ];
      const gates = steps.map(() => Promise.withResolvers<void>());
      server.answers.set("channels.login", ({ phone }) =>
        phone === undefined
          ? { login_id: "l1", number: 1, step: { type: "qr", text: "2@first" } }
          : Promise.reject(Object.assign(new Error("nobody has scanned the code"), { code: "whatsapp_login_failed" })),
      );
      server.answers.set("channels.login_next", async ({ after }) => {
        const index = Number(after) - 1;
        await gates[index]!.promise;
        return steps[index];
      });
      await ready(page);
      server.answers.set("channels.status", () => ({ channels: [account] }));
      server.publish("channel.changed", undefined, { channel: "whatsapp", account: "default", state: "failed" });
      await page.getByText("whatsapp is not working").click();
      const form = page.getByRole("form", { name: "Link whatsapp" });
      await form.getByLabel("Phone number, for a code instead of a picture").fill("+1 555 000-1111");
      await form.getByRole("button", { name: "Link" }).click();
      await form.getByRole("alert").getByText("nobody has scanned").waitFor();
      assert.deepEqual(await server.nextCall("channels.login"), { channel: "whatsapp", account: "default", phone: "15550001111" });
      await form.getByLabel("Phone number, for a code instead of a picture").fill("");
      await form.getByRole("button", { name: "Link" }).click();
      const dark = form.getByRole("img").locator("path").nth(1);
      await dark.waitFor({ state: "attached" });
      const first = await dark.getAttribute("d");
      assert.deepEqual(await server.nextCall("channels.login"), { channel: "whatsapp", account: "default" });
      gates[0]!.resolve();
      await page.waitForFunction((d) => document.querySelectorAll(".qr path")[1]?.getAttribute("d") !== d, first);
      gates[1]!.resolve();
      await form.getByText("Linked as Clanker +1 555").waitFor();
      assert.deepEqual(problems, []);
    }));
});

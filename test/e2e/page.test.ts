import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { build, isStale } from "../../scripts/build.ts";
import { complaints, openBrowser } from "../fakes/browser.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** What people install, with nothing but a home folder and a free port. @returns the printed address, once it answers. */
async function startProgram(home: string): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [join(root, "dist/clanker.js"), "start"], {
    env: { PATH: process.env["PATH"], CLANKER_HOME: home, CLANKER__GATEWAY__PORT: "0" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said: string[] = [];
  child.stderr.on("data", (chunk: Buffer) => said.push(String(chunk)));
  let url: string | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line);
    url ??= /^Chat:\s+(\S+)$/.exec(line)?.[1];
    if (/gateway is ready|Stop with Ctrl-C/.test(line)) break;
  }
  child.stdout.resume();
  if (url === undefined) throw new Error(`the program printed no address:\n${said.join("\n")}`);
  return { child, url };
}

async function stop(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  await exit;
}

describe("the page of the real program", () => {
  let browser: Browser;
  let home: string;
  before(async () => {
    if (await isStale()) await build();
    home = await mkdtemp(join(tmpdir(), "clanker-page-"));
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.close();
    await rm(home, { recursive: true, force: true });
  });

  const say = async (page: Page, text: string) => {
    await page.getByLabel("Message").fill(text);
    await page.keyboard.press("Enter");
  };

  test("a newcomer opens the printed address, chats, starts a second conversation, sends a file, and finds all of it after a restart", async () => {
    let program = await startProgram(home);
    try {
      const page = await browser.newPage();
      page.setDefaultTimeout(20_000);
      const problems = complaints(page);
      await page.goto(program.url);
      await page.getByText("All is well").waitFor();
      assert.equal(new URL(page.url()).hash, "");

      await say(page, "Hello, who are you?");
      await page.locator(".message.assistant.done .markdown").waitFor();
      assert.notEqual(await page.locator(".message.assistant .markdown").textContent(), "");
      assert.equal(await page.locator(".message").count(), 2);

      await say(page, "/status");
      await page.locator(".notice").waitFor();

      await page.getByRole("button", { name: "New" }).click();
      await page.getByText("What shall we do?").waitFor();
      await page.locator("input[type=file]").setInputFiles({ name: "note.txt", mimeType: "text/plain", buffer: Buffer.from("milk, bread") });
      await page.locator(".attachments li.ready").waitFor();
      await say(page, "Keep this list");
      await page.locator(".message.assistant.done").waitFor();
      await page.getByRole("button", { name: "note.txt" }).waitFor();
      const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "note.txt" }).click()]);
      assert.equal(await readFile(await download.path(), "utf8"), "milk, bread");
      assert.deepEqual(problems, []);

      await stop(program.child);
      await page.close();
      const token = new URL(program.url).hash;
      program = await startProgram(home);
      const again = await browser.newPage();
      again.setDefaultTimeout(20_000);
      await again.goto(`${program.url.split("#")[0]}${token}`);
      await again.getByText("Hello, who are you?").waitFor();
      assert.equal(await again.locator(".message").count(), 2);
    } finally {
      await stop(program.child);
    }
  });
});

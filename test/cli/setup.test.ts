import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { Secret } from "../../src/core/secret.ts";
import { openHttp } from "../../src/app/workbench.ts";
import { createTelegramApi, oneTimeWord } from "../../src/cli/setup/telegram.ts";
import { fakeOpenAiChat, openAiKey } from "../fakes/model-servers/openai-chat.ts";
import { startFakeTelegram } from "../fakes/telegram/index.ts";
import { createClanker, type Clanker } from "./run-clanker.ts";

const all: Clanker[] = [];
function newHome(): Clanker {
  const clanker = createClanker();
  all.push(clanker);
  return clanker;
}
after(() => Promise.all(all.map((one) => one.close())));

const config = (clanker: Clanker) => readFileSync(join(clanker.home, "config.toml"), "utf8");

test("setup from flags tries key and bot token, stores both as secrets and writes a commented, valid config", async () => {
  const clanker = newHome();
  const models = await fakeOpenAiChat();
  const telegram = await startFakeTelegram({ username: "house_bot" });
  try {
    const args = ["--provider", "myserver", "--base-url", `${models.origin}/v1`, "--api-key-stdin", "--model", "gpt-4.1"];
    const bot = ["--telegram-token-env", "BOT", "--telegram-api-root", telegram.url, "--owner-id", "4242"];
    const { code, stdout, stderr } = await clanker.run(["setup", "--yes", ...args, ...bot], { input: `${openAiKey}\n`, env: { BOT: telegram.token } });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /clanker start/);
    assert.match(stdout, /@house_bot/);
    assert.ok(!`${stdout}${stderr}${config(clanker)}`.includes(openAiKey));
    assert.ok(!`${stdout}${stderr}${config(clanker)}`.includes(telegram.token));
    assert.match(config(clanker), /^# Open Clanker/);
    assert.equal((await clanker.run(["config", "validate"])).code, 0);
    assert.deepEqual((await clanker.json(["secrets", "list"])).document, {
      secrets: ["myserver_api_key", "telegram_bot_token"],
      places: { myserver_api_key: "file", telegram_bot_token: "file" },
    });
    assert.equal((await clanker.run(["config", "get", "agents.model"])).stdout, "myserver:gpt-4.1\n");
    assert.deepEqual((await clanker.json(["config", "get", "channels.telegram.owner_ids"])).document["value"], ["4242"]);
    assert.deepEqual(models.violations, []);
  } finally {
    await Promise.all([models.close(), telegram.close()]);
  }
});

test("setup with a key or a token that is refused writes nothing and says what to do", async () => {
  const clanker = newHome();
  const models = await fakeOpenAiChat();
  const telegram = await startFakeTelegram();
  try {
    const wrongKey = await clanker.run(["setup", "--yes", "--provider", "myserver", "--base-url", `${models.origin}/v1`, "--api-key-env", "KEY"], {
      env: { KEY: "wrong-key-12345" },
    });
    assert.equal(wrongKey.code, 1);
    assert.ok(!wrongKey.stderr.includes("wrong-key"));
    const bot = ["--telegram-token-env", "BOT", "--telegram-api-root", telegram.url];
    telegram.revokeToken();
    const wrongToken = await clanker.run(["setup", "--yes", "--provider", "offline", ...bot], { env: { BOT: telegram.token } });
    assert.equal(wrongToken.code, 1);
    assert.match(wrongToken.stderr, /telegram_token_refused[^]*@BotFather/);
    assert.ok(!existsSync(join(clanker.home, "config.toml")));
  } finally {
    await Promise.all([models.close(), telegram.close()]);
  }
});

test("setup changes only its own keys of a config that is there", async () => {
  const clanker = newHome();
  writeFileSync(join(clanker.home, "config.toml"), "# mine\n[agents]\nmax_steps = 5 # few\n");
  const { code, document } = await clanker.json(["wizard", "--provider", "offline"]);
  assert.equal(code, 0);
  assert.equal(document["model"], "offline:demo");
  assert.match(config(clanker), /^# mine\n\[agents\]\nmax_steps = 5 # few\nmodel = "offline:demo"/);
});

test("setup without what it needs is a usage error that names the flag", async () => {
  const clanker = newHome();
  const lines: [string[], RegExp][] = [
    [["--provider", "anthropic"], /needs an API key[^]*--api-key-stdin/],
    [["--provider", "nobody"], /does not know[^]*--base-url/],
    [["--provider", "offline", "--telegram-token-env", "NOT_SET"], /NOT_SET is empty or not set/],
  ];
  for (const [args, message] of lines) {
    const { code, stderr } = await clanker.run(["setup", "--yes", ...args]);
    assert.equal(code, 2);
    assert.match(stderr, message);
  }
});

test("the owner is whoever writes the one-time word in private; what others wrote stays unread for the gateway", async () => {
  const telegram = await startFakeTelegram();
  try {
    const api = createTelegramApi(openHttp(), new Secret("t", telegram.token), telegram.url);
    const word = oneTimeWord();
    assert.match(word, /^[a-z2-9]{8}$/);
    telegram.say({ text: "hello?" });
    const found = api.waitForWord(word, AbortSignal.timeout(20_000));
    await telegram.until(() => telegram.callsOf("getUpdates").length > 0);
    telegram.say({ text: ` ${word.toUpperCase()} `, from: 777 } as never);
    assert.equal((await found)?.id, "777");
    assert.equal(telegram.pending.length, 2);
    assert.deepEqual(telegram.confirmed, []);
  } finally {
    await telegram.close();
  }
});

test("the word alone is taken out of the queue, so that the assistant does not answer it", async () => {
  const telegram = await startFakeTelegram();
  try {
    const api = createTelegramApi(openHttp(), new Secret("t", telegram.token), telegram.url);
    const found = api.waitForWord("abcd2345", AbortSignal.timeout(20_000));
    await telegram.until(() => telegram.polling);
    telegram.say({ text: "abcd2345" });
    assert.equal((await found)?.id, "42");
    assert.equal(telegram.pending.length, 0);
  } finally {
    await telegram.close();
  }
});

test("waiting for the word ends with its signal, and with a clear error when another program receives the messages", async () => {
  const telegram = await startFakeTelegram();
  try {
    const api = createTelegramApi(openHttp(), new Secret("t", telegram.token), telegram.url);
    const stopped = new AbortController();
    const waiting = api.waitForWord("abcd2345", stopped.signal);
    await telegram.until(() => telegram.polling);
    stopped.abort();
    assert.equal(await waiting, undefined);
    telegram.rival(true);
    await assert.rejects(api.waitForWord("abcd2345", AbortSignal.timeout(20_000)), { code: "telegram_conflict" });
  } finally {
    await telegram.close();
  }
});

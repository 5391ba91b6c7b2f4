import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { ChildProcess } from "node:child_process";
import { createClanker, seen } from "./run-clanker.ts";

const clanker = createClanker();
let gateway: ChildProcess;
before(async () => {
  gateway = await clanker.startGateway();
});
after(() => clanker.close());

test("status, channels, models, agent and doctor answer from the running gateway", async () => {
  const { code, document } = await clanker.json(["status"]);
  assert.equal(code, 0);
  assert.equal(document["pid"], gateway.pid);
  assert.equal(document["ready"], true);
  assert.match((await clanker.run(["gateway", "status", "--deep"])).stdout, /deliveries: 0 open/);
  assert.deepEqual((await clanker.json(["channels", "list"])).document, { channels: [] });
  assert.equal((await clanker.json(["models", "list"])).document["default"], "offline:demo");
  assert.deepEqual((await clanker.json(["agent", "status"])).document, { turns: [] });
  const doctor = await clanker.json(["doctor"]);
  assert.equal(doctor.code, 0);
  const checks = doctor.document["checks"] as { name: string; state: string; detail: string }[];
  assert.match(checks.find(({ name }) => name === "gateway")?.detail ?? "", /^ready, version/);
});

test("agent run sends one message, waits and prints the answer; with --json the whole result", async () => {
  const plain = await clanker.run(["agent", "run", "--message", "hello there"]);
  assert.equal(plain.code, 0);
  assert.notEqual(plain.stdout.trim(), "");
  const { document } = await clanker.json(["agent", "run", "--message", "hello again", "--session", "agent:main:cli-test", "--thinking", "low"]);
  assert.equal(document["outcome"], "done");
  assert.equal(document["session"], "agent:main:cli-test");
  const { document: history } = await clanker.json(["sessions", "show", "agent:main:cli-test"]);
  assert.deepEqual(
    (history["entries"] as { role: string }[]).map(({ role }) => role),
    ["user", "assistant"],
  );
});

test("piped chat sends each line, prints the answers in order, passes commands through and ends after the last one", async () => {
  const input = "hello\n\n/whoami\nhow are you?\n";
  const { code, stdout, stderr } = await clanker.run(["chat", "--session", "agent:main:piped"], { input });
  assert.equal(code, 0, stderr);
  assert.equal(stderr, "");
  const { document } = await clanker.json(["sessions", "show", "agent:main:piped"]);
  const answers = (document["entries"] as { role: string; text: string }[]).filter(({ role }) => role === "assistant").map(({ text }) => text);
  assert.equal(answers.length, 2);
  const [first = "", second = ""] = answers;
  assert.ok(stdout.startsWith(`${first}\n`), stdout);
  assert.ok(stdout.endsWith(`${second}\n`), stdout);
  assert.match(stdout, /you are the owner/);
});

test("gateway token prints what clients show, and a gateway that was never started has none", async () => {
  const { stdout } = await clanker.run(["gateway", "token"]);
  const { document } = await clanker.json(["gateway", "token"]);
  assert.equal(stdout.trim(), document["token"]);
  const status = await fetch(`${String(document["url"])}/api/status`, { headers: { authorization: `Bearer ${stdout.trim()}` } });
  assert.equal(status.status, 200);
  const elsewhere = await clanker.run(["--home", join(clanker.home, "nobody"), "gateway", "token"]);
  assert.equal(elsewhere.code, 1);
  assert.match(elsewhere.stderr, /token_not_made[^]*clanker start/);
});

test("agent stop ends what runs in one session, or everywhere", async () => {
  assert.equal((await clanker.run(["agent", "stop"])).stdout, "nothing was running\n");
  const unknown = await clanker.run(["agent", "stop", "--session", "agent:main:nowhere"]);
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /session_not_found/);
});

test("send to a channel that is not there fails and says which there are", async () => {
  const { code, stderr } = await clanker.run(["send", "--channel", "telegram", "--to", "1", "--message", "hi"]);
  assert.equal(code, 1);
  assert.match(stderr, /no such channel: telegram \(channel_not_found\)\nthere are: none/);
});

test("sessions are listed, reset and deleted, the last only after a yes", async () => {
  await clanker.run(["agent", "run", "--message", "hello", "--session", "agent:main:gone"]);
  const { document } = await clanker.json(["sessions", "list"]);
  assert.ok((document["sessions"] as { session: string }[]).some(({ session }) => session === "agent:main:gone"));
  assert.equal((await clanker.run(["sessions", "reset", "agent:main:gone"])).code, 0);
  assert.match((await clanker.run(["sessions", "delete", "agent:main:gone"])).stderr, /--yes/);
  assert.equal((await clanker.run(["sessions", "delete", "agent:main:gone", "--yes"])).code, 0);
  assert.equal((await clanker.run(["sessions", "show", "agent:main:nobody"])).code, 1);
});

test("sessions are archived, restored, searched, branched and exported", async () => {
  const key = "agent:main:kept";
  await clanker.run(["agent", "run", "--message", "the purple elephant", "--session", key]);
  await clanker.run(["agent", "run", "--message", "and more", "--session", key]);
  const keys = async (...args: string[]) =>
    ((await clanker.json(["sessions", "list", ...args])).document["sessions"] as { session: string }[]).map(({ session }) => session);
  assert.equal((await clanker.run(["sessions", "archive", key])).code, 0);
  assert.deepEqual([(await keys()).includes(key), (await keys("--archived")).includes(key)], [false, true]);
  assert.match((await clanker.run(["sessions", "restore", key])).stdout, /is listed again/);
  assert.deepEqual([(await keys()).includes(key), (await keys("--archived")).includes(key)], [true, false]);
  assert.match((await clanker.run(["sessions", "search", "eleph", "purple", "--session", key])).stdout, /kept +1 .*the purple elephant/);
  assert.match((await clanker.run(["sessions", "search", "xylophone"])).stdout, /nothing was found/);
  const { document: branch } = await clanker.json(["sessions", "branch", key, "--entry", "2", "--label", "other way"]);
  assert.deepEqual([branch["last_entry"], branch["label"]], [2, "other way"]);
  const markdown = (await clanker.run(["sessions", "export", branch["session"] as string])).stdout;
  assert.match(markdown, /^# agent:main:web:chat:.*\n\n## .*\n\nthe purple elephant\n\n## assistant/);
  const file = join(clanker.home, "kept.jsonl");
  const { document: done } = await clanker.json(["sessions", "export", key, "--format", "jsonl", "--output", file]);
  assert.equal(done["entries"], 4);
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { number: number }).number),
    [1, 2, 3, 4],
  );
  if (process.platform !== "win32") assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal((await clanker.run(["sessions", "branch", key, "--entry", "99"])).code, 1);
});

test("config set and unset go through the gateway, which tells what needs a restart", async () => {
  const set = await clanker.json(["config", "set", "agents.max_steps", "7"]);
  assert.equal(set.code, 0);
  assert.deepEqual([...(set.document["applied"] as string[]), ...(set.document["restart_required"] as string[])], ["agents.max_steps"]);
  assert.match(readFileSync(join(clanker.home, "config.toml"), "utf8"), /max_steps = 7/);
  assert.equal((await clanker.run(["config", "set", "agents.max_steps", "-7"])).code, 78);
  assert.equal((await clanker.run(["config", "unset", "agents.max_steps"])).code, 0);
  assert.doesNotMatch(readFileSync(join(clanker.home, "config.toml"), "utf8"), /max_steps/);
});

test("logs prints the newest lines, and with -f goes on", async () => {
  const { document } = await clanker.json(["logs", "-n", "1000"]);
  assert.ok((document["lines"] as { message: string }[]).some(({ message }) => message === "gateway is ready"));
  const following = clanker.spawn(["logs", "-f"]);
  await seen(following.stdout, "gateway is ready");
  following.kill("SIGINT");
  assert.deepEqual(await once(following, "exit"), [0, null]);
});

test("logs -f says when the gateway has ended and goes on with the next one", async () => {
  const other = createClanker();
  try {
    const first = await other.startGateway();
    const following = other.spawn(["logs", "-f"]);
    await seen(following.stdout, "gateway is ready");
    const ended = seen(following.stderr, "the gateway has ended; waiting for its next start");
    first.kill("SIGTERM");
    await ended;
    const again = seen(following.stdout, "gateway is ready");
    await other.startGateway();
    await again;
    following.kill("SIGINT");
    assert.deepEqual(await once(following, "exit"), [0, null]);
  } finally {
    await other.close();
  }
});

test("a gateway outlives whoever reads its output", async () => {
  const other = createClanker();
  try {
    const child = other.spawn(["start"], { CLANKER__GATEWAY__PORT: "0", CLANKER__LOGGING__LEVEL: "debug" });
    await seen(child.stdout, "Ctrl-C");
    child.stdout?.destroy();
    child.stderr?.destroy();
    for (const message of ["one", "two", "three"]) assert.equal((await other.run(["agent", "run", "--message", message])).code, 0);
    assert.equal(child.exitCode, null);
    assert.deepEqual((await other.json(["gateway", "stop"])).document, { stopped: true, pid: child.pid });
  } finally {
    await other.close();
  }
});

test("sec-74: under umask 022 every folder of the home is 0700 and every file 0600, also while the gateway runs", async () => {
  const other = createClanker();
  const before = process.umask(0o022);
  try {
    const home = join(other.home, "new");
    const env = { CLANKER_HOME: home, CLANKER__LOGGING__FILE: join(home, "data", "logs", "log.jsonl") };
    assert.equal((await other.run(["secrets", "set", "some"], { input: "value-0123456789\n", env })).code, 0);
    assert.equal((await other.run(["config", "set", "agents.max_steps", "7"], { env })).code, 0);
    const child = await other.startGateway(env);
    assert.equal((await other.run(["agent", "run", "--message", "hello"], { env })).code, 0);
    const names = readdirSync(home, { recursive: true, encoding: "utf8" });
    for (const name of ["config.toml", "data/lock.db", "data/clanker.db-wal", "data/gateway.json", "data/logs/log.jsonl"])
      assert.ok(names.includes(name), name);
    for (const name of ["", ...names]) {
      const found = statSync(join(home, name));
      assert.equal((found.mode & 0o777).toString(8), found.isDirectory() ? "700" : "600", name);
    }
    child.kill("SIGTERM");
    await once(child, "exit");
  } finally {
    process.umask(before);
    await other.close();
  }
});

test("a wrong token is exit code 77", async () => {
  const { code, stderr } = await clanker.run(["status"], { env: { CLANKER__GATEWAY__AUTH__TOKEN: "wrong-token-0123456789" } });
  assert.equal(code, 77, stderr);
  assert.match(stderr, /unauthenticated/);
});

test("a token that is not looked at any more because of wrong ones is exit code 77 too", async () => {
  const other = createClanker();
  try {
    await other.startGateway({ CLANKER__GATEWAY__RATE_LIMIT__AUTH_FAILURES_PER_MINUTE: "1" });
    const wrong = { env: { CLANKER__GATEWAY__AUTH__TOKEN: "wrong-token-0123456789" } };
    assert.match((await other.run(["status"], wrong)).stderr, /unauthenticated/);
    const { code, stderr } = await other.run(["status"], wrong);
    assert.equal(code, 77, stderr);
    assert.match(stderr, /rate_limited[^]*wait a minute/);
  } finally {
    await other.close();
  }
});

test("a hundred quick calls of the owner's scripts are no attack", async () => {
  const { url } = JSON.parse(readFileSync(join(clanker.home, "data", "gateway.json"), "utf8")) as { url: string };
  const authorization = `Bearer ${readFileSync(join(clanker.home, "data", "gateway-token"), "utf8").trim()}`;
  const statuses = await Promise.all(Array.from({ length: 300 }, async () => (await fetch(`${url}/api/status`, { headers: { authorization } })).status));
  assert.deepEqual([...new Set(statuses)], [200]);
});

test("gateway stop ends it, waits for it and leaves no gateway.json; then commands say that it is down", async () => {
  const ended = once(gateway, "exit");
  const { code, document } = await clanker.json(["gateway", "stop"]);
  assert.equal(code, 0);
  assert.deepEqual(document, { stopped: true, pid: gateway.pid });
  assert.deepEqual(await ended, [0, null]);
  assert.ok(!existsSync(join(clanker.home, "data", "gateway.json")));
  assert.equal((await clanker.run(["status"])).code, 69);
});

test("a chat outlives its gateway: a line written while it was away is answered once after the restart", async () => {
  const port = await freePort();
  const env = { CLANKER__GATEWAY__PORT: String(port) };
  const first = await clanker.startGateway(env);
  const chat = clanker.spawn(["chat", "--session", "agent:main:outlived"], env);
  chat.stdin?.write("hello\n");
  await seen(chat.stdout, "\n");
  first.kill("SIGKILL");
  await once(first, "exit");
  chat.stdin?.end("help\n");
  const second = await clanker.startGateway(env);
  assert.deepEqual(await once(chat, "exit"), [0, null]);
  const { document } = await clanker.json(["sessions", "show", "agent:main:outlived"], { env });
  assert.deepEqual(
    (document["entries"] as { role: string }[]).map(({ role }) => role),
    ["user", "assistant", "user", "assistant"],
  );
  second.kill("SIGTERM");
  await once(second, "exit");
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

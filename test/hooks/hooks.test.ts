import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, beforeEach, describe, test } from "node:test";
import { Secret } from "../../src/core/secret.ts";
import { hooksConfig, type HooksConfig } from "../../src/hooks/config.ts";
import { v } from "../../src/lib/schema/index.ts";
import { openTestGateway, TOKEN, type TestGateway } from "../gateway/open-test-gateway.ts";

const SECRET = "a secret of the hook";
const STANDARD = `whsec_${Buffer.from("32 bytes that nobody else knows!").toString("base64")}`;
const secret = (value: string) => new Secret("hook", value);

const open = (more: object = {}): HooksConfig =>
  v.parse(hooksConfig, {
    token: secret("token-of-hooks"),
    in: {
      ci: { secret: secret("token-of-ci"), template: "build {{build.number}} is {{build.state}}" },
      github: { secret: secret(SECRET), signature: "github", template: "issue: {{issue.title}}" },
      stripe: { secret: secret(SECRET), signature: "stripe", session: "fresh" },
      standard: { secret: secret(STANDARD), signature: "standard" },
      blank: { secret: secret("  "), signature: "github" },
      ...more,
    },
  });

interface Answer {
  readonly turn_id: string;
  readonly session: string;
  readonly duplicate?: boolean;
  readonly error: { readonly code: string; readonly message: string };
}

const hmac = (key: string | Buffer, text: string, encoding: "hex" | "base64" = "hex") => createHmac("sha256", key).update(text).digest(encoding);
const now = () => Math.floor(Date.now() / 1000);

describe("hooks", () => {
  let gateway: TestGateway;
  let config: HooksConfig;
  before(async () => {
    config = open();
    gateway = await openTestGateway({ hooks: () => config });
  });
  beforeEach(() => {
    config = open();
  });
  after(async () => await gateway.stop());

  const post = async (name: string, body: unknown, headers: Record<string, string> = {}) => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const response = await fetch(`${gateway.url}/hooks/${name}`, { method: "POST", body: text, headers: { "content-type": "application/json", ...headers } });
    return { status: response.status, body: (await response.json()) as Answer };
  };
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const ended = async (turn: string) => {
    for (;;) {
      const found = await gateway.deps.store.getTurn({ id: turn });
      if (found?.status === "done") return found;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const transcript = async (key: string) => {
    const session = await gateway.deps.store.getSession({ key });
    return session === undefined ? [] : await gateway.deps.store.readEntries({ sessionId: session.id, limit: 100 });
  };

  test("a named hook tells its agent what its template says, marked as nobody's word, in a session of its own", async () => {
    const { status, body } = await post("ci", { build: { number: 7, state: "red" } }, bearer("token-of-ci"));
    assert.equal(status, 202);
    assert.equal(body["session"], "agent:main:hook:ci");
    const turn = await ended(body["turn_id"]);
    assert.deepEqual([turn.principal.class, turn.label.integrity], ["owner", "EXTERNAL"]);
    const [said, answer] = await transcript("agent:main:hook:ci");
    assert.equal(said?.label.integrity, "EXTERNAL");
    assert.match(JSON.stringify(said?.content), /by the hook \\"ci\\" from another program.*build 7 is red/);
    assert.equal(answer?.content.role, "assistant");
  });

  test("wake speaks in the main conversation, agent in one of its own or a fresh one; neither names an agent that the owner did not", async () => {
    const woken = await post("wake", { text: "the washing is done" }, bearer("token-of-hooks"));
    assert.deepEqual([woken.status, woken.body["session"]], [202, "agent:main:main"]);
    const asked = await post("agent", { message: "look at this", session: "fresh" }, bearer("token-of-hooks"));
    assert.match(asked.body["session"], /^agent:main:hook:agent:[0-9a-f]{16}$/);
    const other = await post("agent", { message: "look at this", agent: "helper" }, bearer("token-of-hooks"));
    assert.deepEqual([other.status, other.body["error"].code], [403, "forbidden"]);
    config = { ...open(), agents: ["helper"] };
    assert.equal((await post("agent", { message: "look at this", agent: "helper" }, bearer("token-of-hooks"))).body["session"], "agent:helper:hook:agent");
    for (const turn of [woken, asked]) await ended(turn.body["turn_id"]);
  });

  test("an idempotency key is answered with the same turn, and never means two requests", async () => {
    const call = (text: string) => post("wake", { text, idempotency_key: "once" }, bearer("token-of-hooks"));
    const first = await call("only once");
    const again = await call("only once");
    assert.deepEqual([again.status, again.body["duplicate"], again.body["turn_id"]], [200, true, first.body["turn_id"]]);
    assert.deepEqual([(await call("something else")).status, (await call("something else")).body["error"].code], [409, "idempotency_conflict"]);
    const header = { ...bearer("token-of-ci"), "idempotency-key": "build-8" };
    const built = await post("ci", { build: { number: 8 } }, header);
    assert.equal((await post("ci", { build: { number: 8 } }, header)).body["turn_id"], built.body["turn_id"]);
  });

  test("whoever has no token or a wrong one, the gateway's included, is refused; a hook without a secret does not exist (sec-104)", async () => {
    for (const headers of [{}, bearer("wrong"), bearer(TOKEN), bearer("token-of-hooks"), { authorization: "Basic dG9rZW4tb2YtY2k=" }] as Record<
      string,
      string
    >[])
      assert.equal((await post("ci", {}, headers)).status, 401);
    assert.equal((await post("none", {}, bearer("token-of-hooks"))).status, 404);
    for (const token of [undefined, secret(""), secret("   ")]) {
      config = { ...open(), token };
      assert.equal((await post("wake", { text: "x" }, bearer("   "))).status, 404);
      assert.equal((await post("agent", { message: "x" })).body["error"].code, "hook_not_found");
    }
    assert.equal((await post("blank", "{}", { "x-hub-signature-256": `sha256=${hmac("  ", "{}")}` })).status, 401);
    assert.equal((await post("blank", "{}", { "x-hub-signature-256": `sha256=${hmac("", "{}")}` })).status, 401);
    assert.equal((await fetch(`${gateway.url}/hooks/ci`, { headers: bearer("token-of-ci") })).status, 405);
  });

  test("a signed request is one effect, now, after a restart, and with other unsigned headers (sec-106)", async () => {
    const text = JSON.stringify({ issue: { title: "the lamp is broken" } });
    const signed = { "x-hub-signature-256": `sha256=${hmac(SECRET, text)}` };
    const first = await post("github", text, signed);
    assert.equal(first.status, 202);
    for (const more of [{}, { "idempotency-key": "another" }, { "x-github-delivery": "another" }] as Record<string, string>[]) {
      const again = await post("github", text, { ...signed, ...more });
      assert.deepEqual([again.status, again.body["duplicate"], again.body["turn_id"]], [200, true, first.body["turn_id"]]);
    }
    const said = (await transcript("agent:main:hook:github")).filter(({ content }) => content.role === "user");
    assert.equal(said.length, 1);
  });

  test("every kind of signature: right, of another secret, of another body, too old, too new, malformed (sec-106)", async () => {
    const text = JSON.stringify({ n: 1 });
    const stripe = (seconds: number, key = SECRET, body = text) => ({ "stripe-signature": `t=${seconds},v0=00,v1=${hmac(key, `${seconds}.${body}`)}` });
    const standard = (seconds: number, key = Buffer.from(STANDARD.slice(6), "base64"), body = text, id = `msg_${seconds}`) => ({
      "webhook-id": id,
      "webhook-timestamp": String(seconds),
      "webhook-signature": `v1,${"A".repeat(43)}= v1,${hmac(key, `${id}.${seconds}.${body}`, "base64")}`,
    });
    for (const [name, make] of [
      ["stripe", stripe],
      ["standard", standard],
    ] as const) {
      assert.equal((await post(name, text, make(now()))).status, 202, name);
      assert.equal((await post(name, text, make(now() - 360))).status, 401, `${name}, old`);
      assert.equal((await post(name, text, make(now() + 360))).status, 401, `${name}, of the future`);
    }
    assert.equal((await post("stripe", text, stripe(now(), "another secret"))).status, 401);
    assert.equal((await post("stripe", text, stripe(now(), SECRET, `${text} `))).status, 401);
    assert.equal((await post("standard", text, standard(now(), Buffer.from(STANDARD)))).status, 401);
    const replayed = { ...standard(now(), undefined, text, "msg_again") };
    assert.equal((await post("standard", text, replayed)).status, 202);
    assert.equal((await post("standard", text, replayed)).body["duplicate"], true);
    for (const header of ["", "t=1", "t=x,v1=00", `v1=${"0".repeat(64)}`, "t=1,v1=zz", `t=${now()},v1=${"0".repeat(63)}`])
      assert.equal((await post("stripe", text, header === "" ? {} : { "stripe-signature": header })).status, 401, header);
    for (const hex of ["0".repeat(64), hmac("another secret", text), hmac(SECRET, `${text} `)])
      assert.equal((await post("github", text, { "x-hub-signature-256": `sha256=${hex}` })).status, 401);
  });

  test("sec-16: a changed secret holds for the next request", async () => {
    assert.equal((await post("ci", {}, bearer("token-of-ci"))).status, 202);
    config = open({ ci: { secret: secret("a-new-one") } });
    assert.equal((await post("ci", {}, bearer("token-of-ci"))).status, 401);
    assert.equal((await post("ci", {}, bearer("a-new-one"))).status, 202);
  });

  test("sec-107: nothing of a body without token or signature is waited for, and of a signed one no more than a megabyte", async () => {
    const { port } = new URL(gateway.url);
    for (const name of ["ci", "github"]) {
      const socket = connect(Number(port), "127.0.0.1");
      socket.write(
        `POST /hooks/${name} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{"aaaaaaaaaaaaaa\r\n`,
      );
      const [answer] = (await once(socket, "data")) as [Buffer];
      assert.match(answer.toString(), /^HTTP\/1\.1 401/, name);
      socket.destroy();
    }
    const big = JSON.stringify({ a: "x".repeat(1024 * 1024) });
    assert.equal((await post("github", big, { "x-hub-signature-256": `sha256=${hmac(SECRET, big)}` })).status, 413);
  });

  test("a wrong body is told what is wrong with it", async () => {
    const wake = async (body: unknown) => (await post("wake", body, bearer("token-of-hooks"))).body["error"];
    assert.equal((await wake("{")).code, "parse_error");
    assert.match((await wake({})).message, /^text: /);
    assert.match((await wake({ text: "x", sesion: "y" })).message, /sesion/);
    assert.match((await wake({ text: "x", idempotency_key: "with space" })).message, /^idempotency_key: /);
    assert.equal((await post("ci", {}, { ...bearer("token-of-ci"), "idempotency-key": "with space" })).body["error"].code, "bad_params");
  });
});

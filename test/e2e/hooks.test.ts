import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { createGatewayHome, gatewayConfig, type GatewayHome, type RunningGateway } from "../faults/gateway-process.ts";

const SECRET = "secret-of-the-receiver";

interface Call {
  readonly id: string;
  readonly type: string;
  readonly data: { readonly session?: string; readonly text?: string; readonly outcome?: string };
  readonly signed: boolean;
}

/** A receiver that notes each call and answers what it is told to. */
class Receiver {
  readonly calls: Call[] = [];
  status = 200;
  readonly #server: Server;
  #noted = () => {};

  constructor() {
    this.#server = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += String(chunk);
      const { "webhook-id": id, "webhook-timestamp": time, "webhook-signature": signature } = request.headers as Record<string, string>;
      const expected = `v1,${createHmac("sha256", SECRET).update(`${id}.${time}.${body}`).digest("base64")}`;
      response.writeHead(this.status, this.status === 503 ? { "retry-after": "1" } : {}).end();
      this.calls.push({ ...(JSON.parse(body) as Omit<Call, "id" | "signed">), id: id!, signed: signature === expected && request.url === "/in?from=clanker" });
      this.#noted();
    });
  }

  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/in?from=clanker`;
  }

  async until(holds: () => boolean): Promise<void> {
    const late = AbortSignal.timeout(20_000);
    while (!holds()) {
      await new Promise<void>((resolve, reject) => {
        this.#noted = resolve;
        late.addEventListener("abort", () => reject(new Error(`only ${JSON.stringify(this.calls)}`)), { once: true });
      });
    }
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

describe("hooks of a running gateway", () => {
  const receiver = new Receiver();
  let home: GatewayHome;
  let gateway: RunningGateway;

  before(async () => {
    const url = await receiver.listen();
    const hooks = `[hooks]\ntoken = "token-of-hooks-0123456789"\ndeliver = "quiet"\n[hooks.out.desk]\nurl = "${url}"\nsecret = "${SECRET}"\nevents = ["turn.ended", "delivery.changed"]\n`;
    home = createGatewayHome({ config: `${gatewayConfig({})}\n${hooks}` });
    gateway = await home.start();
  });
  after(async () => {
    await home?.remove();
    receiver.close();
  });

  const wake = async (text: string, key: string) => {
    const headers = { authorization: "Bearer token-of-hooks-0123456789", "content-type": "application/json" };
    const response = await fetch(`${gateway.url}/hooks/wake`, { method: "POST", headers, body: JSON.stringify({ text, idempotency_key: key }) });
    return { status: response.status, body: (await response.json()) as { turn_id: string; duplicate?: boolean } };
  };

  test("a script wakes the assistant, once however often it asks, and another program is told the end of the turn, signed", async () => {
    const first = await wake("what time is it?", "one");
    assert.equal(first.status, 202);
    assert.equal((await wake("what time is it?", "one")).body.duplicate, true);
    await receiver.until(() => receiver.calls.length === 1);
    const [call] = receiver.calls;
    assert.ok(call!.signed);
    assert.equal(call!.type, "turn.ended");
    assert.deepEqual([call!.data.session, call!.data.outcome], ["agent:main:main", "done"]);
    assert.match(call!.data.text ?? "", /\d\d:\d\d/);
  });

  test("a receiver that is away is asked again with the same id, in order, over a restart; the status says so", async () => {
    receiver.status = 503;
    await wake("what time is it now?", "two");
    await receiver.until(() => receiver.calls.length >= 2);
    await wake("and what day is it?", "three");
    const shown = await gateway.call("GET", "/api/channels/status");
    const channels = shown.body["channels"] as { channel: string; account: string; state: string; detail?: string }[];
    assert.deepEqual(
      channels.map(({ channel, account, state }) => [channel, account, state]),
      [["hooks", "desk", "degraded"]],
    );
    assert.deepEqual(await gateway.stop(), { code: 0, signal: null });
    receiver.status = 200;
    gateway = await home.start();
    const told = () => [...new Set(receiver.calls.slice(1).map(({ id }) => id))];
    await receiver.until(() => told().length === 2);
    const ids = receiver.calls.slice(1).map(({ id }) => id);
    assert.deepEqual(
      ids,
      ids.toSorted((a, b) => told().indexOf(a) - told().indexOf(b)),
      "in order",
    );
    assert.ok(
      receiver.calls.every(({ signed, type }) => signed && type === "turn.ended"),
      "its own deliveries are no events for it",
    );
    assert.deepEqual(await gateway.stop(), { code: 0, signal: null });
  });
});

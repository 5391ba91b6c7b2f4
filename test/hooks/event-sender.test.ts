import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { systemClock } from "../../src/app/system.ts";
import type { ChannelError } from "../../src/core/errors.ts";
import { silentLog } from "../../src/core/log.ts";
import { textMessage } from "../../src/core/message.ts";
import { Secret } from "../../src/core/secret.ts";
import { createEventSender } from "../../src/hooks/create-event-sender.ts";
import { keepEvents } from "../../src/hooks/keep-events.ts";
import { createHttp } from "../../src/security/host/egress/index.ts";

test("what a receiver answers decides whether it is asked again, when, and what the status says", async (t) => {
  const answer = { status: 200, headers: {} as Record<string, string> };
  const server = createServer((request, response) => void request.resume().on("end", () => response.writeHead(answer.status, answer.headers).end()));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const http = createHttp({ log: silentLog });
  t.after(() => {
    http.close();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/in`;
  const sender = createEventSender("desk", { enabled: true, url, secret: new Secret("s", "secret"), events: ["notice"] }, { http, clock: systemClock });
  const [part] = sender.render(textMessage("hello"));
  const send = () =>
    sender.send(part!, { address: { channel: "hooks", account: "desk", conversation: "x" }, nonce: "n1", signal: new AbortController().signal }).then(
      () => ["sent", sender.status().state],
      (error: ChannelError) => [error.code, error.failure, error.retryAfterMs, sender.status().state],
    );
  assert.deepEqual(await send(), ["sent", "ready"]);
  answer.status = 429;
  answer.headers = { "retry-after": "7" };
  assert.deepEqual(await send(), ["hook_away", "retry", 7_000, "degraded"]);
  answer.status = 500;
  answer.headers = {};
  assert.deepEqual(await send(), ["hook_away", "retry", 30_000, "degraded"]);
  for (const status of [301, 400, 404, 410]) {
    answer.status = status;
    assert.deepEqual(await send(), ["hook_refused", "permanent", undefined, "degraded"], String(status));
  }
  answer.status = 204;
  assert.deepEqual(await send(), ["sent", "ready"]);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  assert.deepEqual(await send(), ["hook_away", "retry", 30_000, "degraded"]);
});

test("only what is asked for is kept, and nothing listens when nobody asks", async () => {
  const kept: string[] = [];
  const deps = {
    store: { enqueueDelivery: async ({ delivery }: { delivery: { id: string } }) => void kept.push(delivery.id) },
    clock: systemClock,
    log: silentLog,
    wake: () => {},
  };
  const hook = { enabled: true, url: "https://x.y/", secret: new Secret("s", "s"), events: ["notice" as const, "delivery.changed" as const] };
  const listen = keepEvents({ desk: hook, off: { ...hook, enabled: false } }, deps)!;
  const event = (seq: number, name: string, payload: object) => listen({ seq, name, session: undefined, json: JSON.stringify({ params: { payload } }) });
  event(1, "notice", { code: "x", text: "y" });
  event(2, "turn.started", { turn_id: "t" });
  event(3, "delivery.changed", { delivery_id: "event:desk:1", state: "sent" });
  event(4, "delivery.changed", { delivery_id: "d9", state: "sent" });
  assert.deepEqual(kept, ["event:desk:1", "event:desk:4"]);
  assert.equal(keepEvents({ off: { ...hook, enabled: false } }, deps), undefined);
});

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { silentLog } from "../../src/core/log.ts";
import { callModel } from "../../src/lib/model-wire/index.ts";
import { createHttp } from "../../src/security/host/egress/index.ts";
import { createManualClock } from "../fakes/manual-clock.ts";

test("model_answer_too_large: an answer without end is given up, not collected", { timeout: 30_000 }, async () => {
  const event = `data: {"text":"${"x".repeat(900_000)}"}\n\n`;
  let sent = 0;
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const more = () => {
      while (response.write(event)) sent += event.length;
    };
    response.on("drain", more);
    more();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const destination = { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  const read = async () => {
    for await (const _ of callModel({ provider: "p", model: "m", destination, http: createHttp({ log: silentLog }), clock: createManualClock() }, "/x", {}));
  };
  await assert.rejects(read(), { code: "model_answer_too_large", failure: "invalid" });
  assert.ok(sent < 200_000_000);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/**
 * How many connections the requests to one model server need: `node bench/connections.ts`. `late` ends each body 1 ms behind its last event, and the reader leaves with
 * that event, as readers of chat completions do; `crowd` is thirty conversations at a time.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { silentLog } from "../src/core/log.ts";
import { createHttp } from "../src/security/host/egress/index.ts";

const LAST = "data: [DONE]\n\n";
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function measure(name: string, width: number, rounds: number): Promise<void> {
  let connections = 0;
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      response.write(LAST);
      setTimeout(() => response.end(), 1);
    });
  });
  server.keepAliveTimeout = 60_000;
  server.on("connection", () => (connections += 1));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const http = createHttp({ log: silentLog });
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const spent = process.cpuUsage();
  const talk = async () => {
    for (let round = 0; round < rounds; round += 1) {
      const { body } = await http.request({ baseUrl }, { method: "POST", path: "/", body: "{}" });
      for await (const chunk of body) if (Buffer.from(chunk).toString() === LAST) break;
      await pause(3 + 20 * Math.random());
    }
  };
  await Promise.all(Array.from({ length: width }, talk));
  const { user, system } = process.cpuUsage(spent);
  const requests = width * rounds;
  console.log(
    `${name}: ${connections} connections for ${requests} requests, ${((user + system) / requests).toFixed(0)} µs of processor time for each, server included`,
  );
  http.close();
  server.closeAllConnections();
  server.close();
}

await measure("late", 1, 100);
await measure("crowd", 30, 40);

/**
 * The fake in a process of its own: `node test/fakes/telegram/main.ts [port]` prints one JSON line `{url, control, token}` and runs until stdin ends or SIGTERM.
 * `POST CONTROL/NAME` with a JSON array of arguments calls the helper of that name (say, photo, failNext, texts, ...) and answers its result;
 * `GET CONTROL/NAME` reads a property (calls, pending, confirmed, violations, ...). Bytes are not passed; use the in-process form for files.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { startFakeTelegram } from "./index.ts";

const telegram = await startFakeTelegram({ port: Number(process.argv[2] ?? 0) });

const control = createServer((request, response) => {
  void (async () => {
    const name = (request.url ?? "").slice(1);
    const member = (telegram as unknown as Record<string, unknown>)[name];
    let result: unknown = member;
    if (request.method === "POST" && typeof member === "function") {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks).toString("utf8");
      result = await (member as (...args: unknown[]) => unknown)(...(body === "" ? [] : (JSON.parse(body) as unknown[])));
    }
    response.writeHead(member === undefined ? 404 : 200, { "content-type": "application/json" }).end(JSON.stringify(result ?? null));
  })().catch((error: unknown) => response.writeHead(500).end(String(error)));
});
control.listen(0, "127.0.0.1", () => {
  process.stdout.write(
    `${JSON.stringify({ url: telegram.url, control: `http://127.0.0.1:${(control.address() as AddressInfo).port}`, token: telegram.token })}\n`,
  );
});

const stop = async () => {
  control.closeAllConnections();
  control.close();
  await telegram.close();
  process.exit(0);
};
process.stdin.resume();
process.stdin.once("end", () => void stop());
process.once("SIGTERM", () => void stop());

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { describe, test } from "node:test";
import { HttpFailure } from "../../../src/core/http.ts";
import { silentLog } from "../../../src/core/log.ts";
import { Secret } from "../../../src/core/secret.ts";
import { createStreams } from "../../../src/security/host/egress/index.ts";
import { realClock } from "../../channels/harness.ts";

const streams = createStreams({ log: silentLog, clock: realClock });

async function withServer(body: (port: number, accepted: Promise<Socket>) => Promise<void>): Promise<void> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const sockets: Socket[] = [];
  const accepted = once(server, "connection").then(([socket]) => {
    sockets.push(socket as Socket);
    return socket as Socket;
  });
  try {
    await body((server.address() as AddressInfo).port, accepted);
  } finally {
    sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => void server.close(resolve));
  }
}

describe("the door to streams", () => {
  test("sec-115 a secret goes into those writes alone that ask for it, and base64 is made behind it", () =>
    withServer(async (port, accepted) => {
      const stream = await streams.connect({ host: "127.0.0.1", port, secrets: { key: new Secret("key", "s3cret") } });
      const socket = await accepted;
      stream.write("plain {key}\n");
      stream.write("PASS {key} {other}\n", { credential: true });
      stream.write("\0{key}", { credential: true, base64: { before: "AUTH ", after: "\n" } });
      stream.close();
      let text = "";
      for await (const chunk of socket) text += String(chunk);
      assert.equal(text, `plain {key}\nPASS s3cret {other}\nAUTH ${Buffer.from("\0s3cret").toString("base64")}\n`);
      assert.equal(await stream.closed, "closed by us");
      assert.equal(stream.write("too late"), false);
    }));

  test("what comes in ends when the other side is done, and closed says so", () =>
    withServer(async (port, accepted) => {
      const stream = await streams.connect({ host: "127.0.0.1", port });
      (await accepted).end("hello");
      let text = "";
      for await (const chunk of stream.bytes) text += Buffer.from(chunk).toString();
      assert.equal(text, "hello");
      await stream.closed;
    }));

  test("nobody there, no TLS there, a port that is none and an abort are told apart from each other", () =>
    withServer(async (port, accepted) => {
      const kind = (wanted: HttpFailure["kind"]) => (error: unknown) => error instanceof HttpFailure && error.kind === wanted && !error.sent;
      void accepted.then((socket) => socket.end("no TLS here\n"));
      await assert.rejects(streams.connect({ host: "127.0.0.1", port, tls: {} }), kind("connect"));
      await assert.rejects(streams.connect({ host: "127.0.0.1", port: 1 }), kind("connect"));
      await assert.rejects(streams.connect({ host: "127.0.0.1", port: 70_000 }), kind("refused"));
      await assert.rejects(streams.connect({ host: "127.0.0.1", port }, { signal: AbortSignal.abort() }), kind("aborted"));
    }));

  test("a server that accepts and says nothing is given up in time", () =>
    withServer(async (port) => {
      await assert.rejects(
        streams.connect({ host: "127.0.0.1", port, tls: {} }, { timeoutMs: 50 }),
        (error: unknown) => (error as HttpFailure).kind === "timeout",
      );
    }));

  test("TLS is begun later only where the destination says so, and what answers in plain text then is no TLS", () =>
    withServer(async (port, accepted) => {
      const isConnect = (error: unknown) => error instanceof HttpFailure && error.kind === "connect";
      const plain = await streams.connect({ host: "127.0.0.1", port });
      await assert.rejects(plain.secure(), isConnect);
      plain.close();
      (await accepted).destroy();
    }).then(() =>
      withServer(async (port, accepted) => {
        const stream = await streams.connect({ host: "127.0.0.1", port, tls: { later: true } });
        const socket = await accepted;
        stream.write("STARTTLS\n");
        socket.on("data", (data) => void socket.write(String(data).startsWith("STARTTLS") ? "go on\n" : "what was that?\n"));
        const said = Promise.withResolvers<string>();
        const reading = (async () => {
          for await (const chunk of stream.bytes) said.resolve(Buffer.from(chunk).toString());
        })();
        assert.equal(await said.promise, "go on\n");
        await assert.rejects(stream.secure(5_000), (error: unknown) => error instanceof HttpFailure && error.kind === "connect");
        await reading;
        await stream.closed;
      }),
    ));
});

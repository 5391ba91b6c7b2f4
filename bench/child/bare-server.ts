/** What Node itself costs: an HTTP server that says ok and a WebSocket server that echoes, nothing else. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import { answerParent } from "./answer-parent.ts";

const server = createServer((_request, response) => response.end("ok"));
const sockets = new Set<WebSocket>();
new WebSocketServer({ server, perMessageDeflate: false, clientTracking: false }).on("connection", (socket) => {
  sockets.add(socket);
  socket.on("message", (data, binary) => socket.send(data, { binary }));
  socket.on("close", () => sockets.delete(socket));
});

const listen = () =>
  new Promise<number>((resolve) => server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => resolve((server.address() as AddressInfo).port)));

answerParent({
  listen,
  collect: () => (globalThis as { gc?: () => void }).gc?.(),
  /** One frame to everybody, with the time of its making; as large as an event. */
  broadcast: () => {
    const frame = Buffer.from(JSON.stringify({ params: { payload: { at: Date.now(), filler: "x".repeat(200) } } }));
    for (const socket of sockets) socket.send(frame, { binary: false });
  },
});

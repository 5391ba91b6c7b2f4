/**
 * Loaded into a gateway with `--import` before anything else: writes down who opens a connection out of the process, one JSON line each, to the file named by
 * SOCKET_WATCH_FILE. Only watches; every connection is made as asked.
 */
import { appendFileSync } from "node:fs";
import { Socket } from "node:net";

const file = process.env["SOCKET_WATCH_FILE"] ?? "";
Error.stackTraceLimit = 60;
const note = (what: string) => appendFileSync(file, `${JSON.stringify({ what, stack: new Error(what).stack ?? "" })}\n`);

// oxlint-disable-next-line typescript/unbound-method -- it is called with the socket it was called on
const connect = Socket.prototype.connect as (this: Socket, ...args: unknown[]) => Socket;
Socket.prototype.connect = function (this: Socket, ...args: unknown[]) {
  note("connect");
  return connect.apply(this, args);
} as typeof Socket.prototype.connect;

const realFetch = globalThis.fetch;
globalThis.fetch = (...args) => {
  note("fetch");
  return realFetch(...args);
};

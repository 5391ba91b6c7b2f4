import { AuthError, RequestError, toClankerError } from "../../core/errors.ts";
import type { GatewayDeps } from "../deps.ts";
import { faceOf } from "../http-error.ts";
import type { Call, GatewayFacts } from "../method.ts";
import { callMethod, type Registry } from "../registry.ts";
import type { ClientSocket } from "./client-socket.ts";
import { catchUp, sendFrame } from "./event-feed.ts";
import { errorText, parseFrame, resultText, type RpcItem, type RpcRequest } from "./json-rpc.ts";
import type { MethodConnection } from "./method-connection.ts";

export const MAX_CALLS = 256;

export interface Dispatch {
  readonly registry: Registry;
  readonly deps: GatewayDeps;
  readonly facts: GatewayFacts;
  /** The socket as methods see it. */
  connection(socket: ClientSocket): MethodConnection;
}

const NOBODY = { id: "", scopes: [] } as const;

/** Handles one frame: starts its requests in order, answers each as it ends, a batch as one. Never rejects. */
export async function handleFrame(dispatch: Dispatch, socket: ClientSocket, text: string): Promise<void> {
  const { batch, items } = parseFrame(text);
  const answers = items.map((item) => answer(dispatch, socket, item));
  if (batch) {
    const texts = (await Promise.all(answers)).filter((one) => one !== undefined);
    if (texts.length > 0) sendFrame(socket, `[${texts.join(",")}]`);
  } else {
    const one = await answers[0];
    if (one !== undefined) sendFrame(socket, one);
  }
  if (socket.cursor !== -1) catchUp(socket, dispatch.deps.hub);
}

/** The answer as text; undefined for a notification. */
async function answer(dispatch: Dispatch, socket: ClientSocket, item: RpcItem): Promise<string | undefined> {
  if ("error" in item) return errorText(item.id, item.error);
  try {
    const result = await run(dispatch, socket, item);
    return item.id === undefined ? undefined : resultText(item.id, result);
  } catch (thrown) {
    const error = toClankerError(thrown);
    if (faceOf(error).rpc === -32603)
      dispatch.deps.log.error("a method failed", { method: item.method.slice(0, 64), error: error.message, stack: error.stack });
    return item.id === undefined ? undefined : errorText(item.id, error);
  }
}

async function run(dispatch: Dispatch, socket: ClientSocket, request: RpcRequest): Promise<unknown> {
  const { registry } = dispatch;
  const method = registry.methods.get(request.method);
  // Whoever has not authenticated does not learn which methods exist.
  if (socket.credential === undefined && method?.scope !== "none")
    throw new AuthError("unauthenticated", "authenticate first", {
      hint: "call authenticate with a token, password or device, or send Authorization: Bearer TOKEN",
    });
  if (socket.calls >= MAX_CALLS) throw new RequestError("rate_limited", `more than ${MAX_CALLS} calls at a time`, { retryAfterMs: 1000 });
  socket.calls++;
  try {
    // The name is looked up again behind the wait, by the one door to methods.
    if (method === undefined || !method.mutating) return await callMethod(registry, request.method, request.params, callOf(dispatch, socket));
    const work = callInOrder(dispatch, socket, request);
    if (!method.long) {
      socket.tail = work;
      const forget = () => void (socket.tail === work && (socket.tail = undefined));
      work.then(forget, forget);
    }
    return await work;
  } finally {
    socket.calls--;
  }
}

/** Begins at once when no mutating call is before it. */
async function callInOrder(dispatch: Dispatch, socket: ClientSocket, request: RpcRequest): Promise<unknown> {
  // How the call before it ended is that one's matter.
  if (socket.tail !== undefined) await socket.tail.catch(() => {});
  return callMethod(dispatch.registry, request.method, request.params, callOf(dispatch, socket));
}

function callOf(dispatch: Dispatch, socket: ClientSocket): Call {
  return {
    deps: dispatch.deps,
    gateway: dispatch.facts,
    credential: socket.credential ?? NOBODY,
    connection: dispatch.connection(socket),
    get signal() {
      socket.gone ??= new AbortController();
      if (socket.readyState !== socket.OPEN) socket.gone.abort();
      return socket.gone.signal;
    },
  };
}

/* oxlint-disable typescript/no-explicit-any -- payloads of a foreign wire, looked into freely */
import { createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { WebSocket } from "ws";
import { TOKEN, type TestGateway } from "./open-test-gateway.ts";

export interface TheirFrame {
  readonly type: "res" | "event";
  readonly id?: string;
  readonly ok?: boolean;
  readonly payload: Record<string, any>;
  readonly error?: { readonly code: string; readonly message: string; readonly details: Record<string, any>; readonly retryable?: boolean };
  readonly event?: string;
  readonly seq?: number;
}

/** A client of OpenClaw's frames, as their documents describe one. */
export class FrameClient {
  readonly socket: WebSocket;
  readonly closed: Promise<{ code: number; reason: string }>;
  /** Every frame in the order it came. */
  readonly frames: TheirFrame[] = [];
  readonly #waiting: TheirFrame[] = [];
  #wake = () => {};
  #id = 0;

  constructor(url: string, headers: Record<string, string> = {}) {
    this.socket = new WebSocket(url, { headers, perMessageDeflate: false });
    this.closed = new Promise((resolve) => this.socket.on("close", (code, reason) => resolve({ code, reason: String(reason) })));
    this.socket.on("message", (data) => {
      const frame = JSON.parse(String(data)) as TheirFrame;
      this.frames.push(frame);
      this.#waiting.push(frame);
      this.#wake();
    });
    this.socket.on("error", () => {});
  }

  static at(gateway: TestGateway, headers?: Record<string, string>): FrameClient {
    return new FrameClient(gateway.url.replace("http", "ws"), headers);
  }

  /** Connected with the gateway's token. */
  static async connected(gateway: TestGateway, scopes: readonly string[] = ["operator.admin"]): Promise<FrameClient> {
    const client = FrameClient.at(gateway);
    await client.challenge();
    await client.ok("connect", connectParams({ scopes, auth: { token: TOKEN } }));
    return client;
  }

  send(frame: unknown): void {
    this.socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  /** The first frame not yet taken that `wanted` accepts; the others stay. */
  async next(wanted: (frame: TheirFrame) => boolean): Promise<TheirFrame> {
    for (;;) {
      const found = this.#waiting.findIndex(wanted);
      if (found !== -1) return this.#waiting.splice(found, 1)[0]!;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** The nonce of the challenge, which comes first. */
  async challenge(): Promise<{ nonce: string; ts: number }> {
    return (await this.next(({ event }) => event === "connect.challenge")).payload as { nonce: string; ts: number };
  }

  async call(method: string, params?: unknown): Promise<TheirFrame> {
    const id = `${++this.#id}:test`;
    this.send({ type: "req", id, method, params });
    return this.next((frame) => frame.id === id);
  }

  async ok(method: string, params?: unknown): Promise<Record<string, any>> {
    const answer = await this.call(method, params);
    if (answer.ok !== true) throw new Error(`${method}: ${JSON.stringify(answer.error)}`);
    return answer.payload;
  }

  event(name: string, wanted: (payload: Record<string, any>) => boolean = () => true): Promise<TheirFrame> {
    return this.next((frame) => frame.event === name && wanted(frame.payload));
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }
}

export function connectParams(given: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    minProtocol: 4,
    maxProtocol: 4,
    client: { id: "test", version: "1.2.3", platform: "Linux", deviceFamily: "Desk", mode: "test" },
    role: "operator",
    scopes: ["operator.read", "operator.write"],
    caps: [],
    ...given,
  };
}

export interface TheirDevice {
  readonly id: string;
  readonly publicKey: string;
  readonly privateKey: KeyObject;
}

export function createTheirDevice(): TheirDevice {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = Buffer.from(publicKey.export({ format: "jwk" }).x!, "base64url");
  return { id: createHash("sha256").update(raw).digest("hex"), publicKey: raw.toString("base64url"), privateKey };
}

/** Parameters of `connect` with a device's signature in the given version of what is signed; what is in `lie` replaces what belongs in the device block. */
export function signedConnect(
  device: TheirDevice,
  challenge: { nonce: string; ts: number },
  { version = "v3", token, scopes = ["operator.read", "operator.write"], lie = {} }: SignedOptions = {},
): Record<string, unknown> {
  const signed = [device.id, "test", "test", "operator", scopes.join(","), String(challenge.ts), token ?? "", challenge.nonce];
  const text = [version, ...signed, ...(version === "v3" ? ["linux", "desk"] : [])].join("|");
  const signature = sign(null, Buffer.from(text), device.privateKey).toString("base64url");
  return connectParams({
    scopes,
    ...(token === undefined ? {} : { auth: token.startsWith("device.") ? { deviceToken: token } : { token } }),
    device: { id: device.id, publicKey: device.publicKey, signature, signedAt: challenge.ts, nonce: challenge.nonce, ...lie },
  });
}

interface SignedOptions {
  readonly version?: "v2" | "v3";
  readonly token?: string;
  readonly scopes?: readonly string[];
  readonly lie?: Record<string, unknown>;
}

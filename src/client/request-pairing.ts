import { ClientError, fromWire } from "./client-error.ts";
import type { ClientOptions, SocketConstructor } from "./create-client.ts";
import { signDevice, type DeviceKey, type DeviceScope, type DeviceSigner } from "./device-key.ts";
import { later } from "./later.ts";
import type { Methods } from "./methods.generated.ts";

export interface PairingOptions extends Pick<ClientOptions, "url" | "WebSocket"> {
  readonly key: DeviceKey | DeviceSigner;
  readonly scopes: readonly DeviceScope[];
  /** What the owner is shown. */
  readonly name: string;
  readonly platform?: string;
}

/**
 * Asks a gateway to pair this device; afterwards `createClient({device})` tries until the owner has approved it.
 * @returns also the gateway's identity, to be kept with the key.
 * @throws ClientError `rate_limited`, `pairing_full`, `unauthenticated`, `disconnected`
 */
export async function requestPairing(options: PairingOptions): Promise<Methods["device.pair.request"]["result"] & { readonly gateway: string }> {
  const Socket: SocketConstructor = options.WebSocket ?? WebSocket;
  const socket = new Socket(options.url);
  const lost = later<never>();
  socket.addEventListener("close", ({ code }) => lost.reject(new ClientError("disconnected", `the connection to the gateway was closed (${code})`)));
  // The close event that follows says all there is to know.
  socket.addEventListener("error", () => {});
  lost.promise.catch(() => {});
  const call = async (method: string, params: unknown): Promise<unknown> => {
    const answer = new Promise((resolve, reject) => {
      socket.addEventListener(
        "message",
        ({ data }) => {
          const frame = JSON.parse(String(data)) as { result?: unknown; error?: Parameters<typeof fromWire>[0] };
          if (frame.error === undefined) resolve(frame.result);
          else reject(fromWire(frame.error));
        },
        { once: true },
      );
    });
    socket.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }));
    return await Promise.race([answer, lost.promise]);
  };
  try {
    await Promise.race([new Promise<void>((resolve) => socket.addEventListener("open", () => resolve(), { once: true })), lost.promise]);
    const { key, scopes, name, platform } = options;
    const { nonce, gateway } = (await call("challenge", {})) as Methods["challenge"]["result"];
    const device = await signDevice(key, { purpose: "pair", gateway, nonce, scopes, signedAt: Date.now() });
    const asked = { device, name, ...(platform === undefined ? {} : { platform }) };
    return { ...((await call("device.pair.request", asked)) as Methods["device.pair.request"]["result"]), gateway };
  } finally {
    socket.close();
  }
}

import { createDeviceKey, requestPairing, signDevice, type DeviceKey, type DeviceScope, type SignedDevice } from "../../src/client/index.ts";
import type { Frame } from "./open-test-gateway.ts";
import { RawClient, type TestGateway } from "./open-test-gateway.ts";

export interface Paired {
  readonly key: DeviceKey;
  /** Bearer token. */
  readonly token: string;
}

/** A device that the gateway's owner has let in with these scopes. */
export async function pairDevice(gateway: TestGateway, scopes: readonly DeviceScope[], name = "test phone"): Promise<Paired> {
  const key = await createDeviceKey();
  const { request_id } = await requestPairing({ url: gateway.ws, key, scopes, name });
  const approved = await gateway.post("/api/device/pair/approve", { request_id });
  if (approved.status !== 200) throw new Error(await approved.text());
  const { client, hello } = await connectDevice(gateway, key);
  await client.close();
  return { key, token: String(hello.result!["device_token"]) };
}

/** A fresh connection with what `authenticate` answered. */
export async function connectDevice(gateway: TestGateway, key: DeviceKey, scopes: readonly DeviceScope[] = []): Promise<{ client: RawClient; hello: Frame }> {
  const client = await RawClient.open(gateway.ws);
  return { client, hello: await client.call("authenticate", { device: await prove(client, key, { scopes }) }) };
}

/** A proof for this connection; what is given replaces what belongs in the statement. */
export async function prove(
  client: RawClient,
  key: DeviceKey,
  given: { scopes?: readonly DeviceScope[]; purpose?: "authenticate" | "pair"; gateway?: string; nonce?: string; signedAt?: number } = {},
): Promise<SignedDevice> {
  const challenge = (await client.call("challenge", {})).result as { nonce: string; gateway: string };
  return signDevice(key, { purpose: "authenticate", scopes: [], signedAt: Date.now(), ...challenge, ...given });
}

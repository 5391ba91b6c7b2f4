export {
  createClient,
  type Client,
  type ClientListeners,
  type ClientOptions,
  type ClientState,
  type GatewayEvent,
  type SocketConstructor,
  type SocketLike,
  type SubscribeAnswer,
} from "./create-client.ts";
export { createDeviceKey, loadDeviceKey, signDevice, type DeviceKey, type DeviceScope, type DeviceSigner, type SignedDevice } from "./device-key.ts";
export { requestPairing, type PairingOptions } from "./request-pairing.ts";
export { ClientError } from "./client-error.ts";
export { isEvent, type EventNamed } from "./is-event.ts";
export type { Events } from "./events.generated.ts";
export type { Methods } from "./methods.generated.ts";

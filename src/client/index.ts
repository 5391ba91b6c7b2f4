export {
  createClient,
  type Client,
  type ClientListeners,
  type ClientOptions,
  type ClientState,
  type GatewayEvent,
  type SubscribeAnswer,
} from "./create-client.ts";
export { ClientError } from "./client-error.ts";
export type { Methods } from "./methods.generated.ts";

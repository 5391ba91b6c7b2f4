export { createGateway, type Gateway } from "./create-gateway.ts";
export { createHub, type EventHub } from "./hub/create-hub.ts";
export type {
  ChannelAccess,
  ConfigAccess,
  ConfigChange,
  ConfigProblem,
  GatewayDeps,
  LogLine,
  Stateless,
  StatelessEvent,
  StatelessInput,
  StatelessResult,
  SystemFacts,
} from "./deps.ts";
export { DEFAULT_OPTIONS, type AuthOptions, type GatewayOptions } from "./options.ts";

export { runGateway, type RunGatewayOptions } from "./run-gateway.ts";

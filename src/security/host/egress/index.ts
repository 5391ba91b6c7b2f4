/**
 * The one door to the network (house.md section 5): HTTP, outgoing WebSockets and outgoing TCP streams. `request` reaches configured origins: exactly what the owner wrote, private addresses allowed, credentials put
 * in here. `getUntrusted` reaches URLs that nobody vouches for: public addresses only, pinned, every hop checked, no credentials. Both share the same exchange and body.
 */
export { createHttp, type EgressHttp, type HttpOptions } from "./create-http.ts";
export { createStreams, type StreamsOptions } from "./create-streams.ts";
export { createSockets, type SocketsOptions } from "./create-sockets.ts";
export type { UntrustedNet } from "./get-untrusted.ts";

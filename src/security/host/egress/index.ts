/**
 * The one door to the network (house.md section 5). `createHttp` reaches configured origins: exactly what the owner wrote, private addresses allowed, credentials
 * put in here. A second door for untrusted URLs belongs beside it: its own target rules (public addresses, pinned, every hop checked, no credentials), the same
 * exchange and body.
 */
export { createHttp, type EgressHttp, type HttpOptions } from "./create-http.ts";

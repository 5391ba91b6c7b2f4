/** Ways to keep a program in (house.md section 5): command lines, and finding out which of them work here. Nothing is started from this folder. */
export { SANDBOX_USER, execEnv, type Ask, type Backend, type Inside, type Launch, type Refusal } from "./backend.ts";
export { findBackend, type SandboxOptions } from "./find-backend.ts";
export { limitArgs } from "./limit-args.ts";

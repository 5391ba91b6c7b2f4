/** What the gateway answers, under the names the page uses. The shapes are the client's, made from the gateway's own schemas. */
import type { Methods } from "../../../src/client/index.ts";

export type WireSession = Methods["sessions.list"]["result"]["sessions"][number];
export type WireHistory = Methods["chat.history"]["result"];
export type WireEntry = WireHistory["entries"][number];
export type WireRunningTurn = Methods["subscribe"]["result"]["turns"][number];
export type WireChannel = Methods["channels.status"]["result"]["channels"][number];
export type WireLogin = Methods["channels.login"]["result"];
export type WireApproval = Methods["approvals.list"]["result"]["approvals"][number];
export type WirePairing = Methods["pairing.list"]["result"]["pairings"][number];
export type WireModels = Methods["models.list"]["result"];

export interface WireProblem {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

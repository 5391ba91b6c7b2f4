import type { WireApproval, WireProblem } from "./wire.ts";

/** The events the page acts on (contract.md, WebSocket). */
export type GatewayEvent = { readonly session?: string } & (
  | {
      readonly event: "message.accepted";
      readonly payload: { message_id: string; turn_id?: string; text: string; channel: string; sender?: string; at: number };
    }
  | { readonly event: "turn.queued"; readonly payload: { turn_id: string; not_before?: number; reason?: "model_away" | "retry" } }
  | { readonly event: "turn.started"; readonly payload: { turn_id: string } }
  | { readonly event: "turn.delta"; readonly payload: { turn_id: string; offset: number; text: string } }
  | { readonly event: "turn.tool"; readonly payload: { turn_id: string; call_id: string; name: string; state: string; error?: boolean } }
  | { readonly event: "turn.ended"; readonly payload: { turn_id: string; outcome: "done" | "failed" | "cancelled"; text: string; error?: WireProblem } }
  | { readonly event: "session.changed"; readonly payload: { key: string; change: "created" | "patched" | "reset" | "deleted" | "appended" } }
  | { readonly event: "channel.changed"; readonly payload: { channel: string; account: string; state: string } }
  | {
      readonly event: "approval.asked";
      readonly payload: Pick<WireApproval, "approval_id" | "code" | "turn_id" | "tool" | "text" | "reason" | "choices" | "asked_at" | "expires_at">;
    }
  | { readonly event: "approval.resolved"; readonly payload: { approval_id: string; code: string; turn_id: string; status: string } }
  | { readonly event: "pairing.changed"; readonly payload: { pairing_id: string; change: string } }
  | { readonly event: "config.changed"; readonly payload: unknown }
  | { readonly event: "notice"; readonly payload: { code: string; text: string } }
  | { readonly event: "shutdown"; readonly payload: { reason: string } }
);

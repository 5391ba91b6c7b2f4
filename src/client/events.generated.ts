// Written by scripts/docs-api.ts from src/core/event.ts; do not edit.

type TurnOutcome = "done" | "failed" | "cancelled";
interface Usage {
  /** Prompt tokens without those read from or written to a cache. */
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
}

type Event =
  | {
      readonly event: "message.accepted";
      readonly session: string;
      readonly payload: { message_id: string; turn_id?: string; text: string; channel: string; sender?: string; at: number };
    }
  | {
      readonly event: "message.changed";
      readonly session: string;
      readonly payload: { message_id: string; change: "edited" | "deleted" | "reaction"; text?: string };
    }
  | {
      readonly event: "turn.queued";
      readonly session: string;
      /** `not_before`: wall time until which it waits. `reason`: why a turn that had begun is queued again; `retry` is a failure of our own. */
      readonly payload: { turn_id: string; not_before?: number; reason?: "model_away" | "retry" };
    }
  | { readonly event: "turn.started"; readonly session: string; readonly payload: { turn_id: string } }
  | { readonly event: "turn.delta"; readonly session: string; readonly payload: { turn_id: string; offset: number; text: string } }
  | { readonly event: "turn.step"; readonly session: string; readonly payload: { turn_id: string; step: number; entry: number } }
  | {
      readonly event: "turn.tool";
      readonly session: string;
      readonly payload: { turn_id: string; call_id: string; name: string; state: "started" | "finished" | "denied"; error?: boolean };
    }
  | { readonly event: "turn.moved"; readonly session: string; readonly payload: { message_id: string; from: string; turn_id: string } }
  | {
      readonly event: "turn.ended";
      readonly session: string;
      readonly payload: {
        turn_id: string;
        outcome: TurnOutcome;
        text: string;
        entry?: number;
        usage: Usage;
        error?: { code: string; message: string; hint?: string };
      };
    }
  | { readonly event: "delivery.changed"; readonly session?: string; readonly payload: { delivery_id: string; state: string; error?: string } }
  | {
      readonly event: "session.changed";
      readonly session: string;
      readonly payload: { key: string; change: "created" | "patched" | "reset" | "archived" | "restored" | "deleted" | "appended" | "compacted" };
    }
  | { readonly event: "channel.changed"; readonly payload: { channel: string; account: string; state: string; detail?: string } }
  | {
      readonly event: "approval.asked";
      readonly session: string;
      readonly payload: {
        approval_id: string;
        code: string;
        turn_id: string;
        call_id: string;
        tool: string;
        /** The plan as the owner reads it, invisible characters escaped. */
        text: string;
        reason: string;
        choices: ("once" | "session" | "always" | "deny")[];
        asked_at: number;
        expires_at: number;
      };
    }
  | {
      readonly event: "approval.resolved";
      readonly session: string;
      readonly payload: { approval_id: string; code: string; turn_id: string; status: "approved" | "denied" | "expired" | "cancelled"; scope?: string };
    }
  | { readonly event: "config.changed"; readonly payload: { applied: string[]; restart_required: string[] } }
  | {
      readonly event: "device.changed";
      readonly payload: { device_id: string; change: "requested" | "approved" | "rejected" | "rotated" | "revoked"; name?: string };
    }
  | { readonly event: "pairing.changed"; readonly payload: { pairing_id: string; change: "asked" | "approved" | "denied" } }
  | {
      readonly event: "job.ran";
      readonly payload: {
        job_id: string;
        run_id: string;
        name: string;
        slot: number;
        outcome: "done" | "failed" | "cancelled";
        turn_id?: string;
        error?: { code: string; message: string };
      };
    }
  | { readonly event: "notice"; readonly session?: string; readonly payload: { code: string; text: string; job_id?: string } }
  | { readonly event: "shutdown"; readonly payload: { reason: string } };

/** Payloads of the events, by name. */
export type Events = { readonly [E in Event as E["event"]]: E["payload"] };

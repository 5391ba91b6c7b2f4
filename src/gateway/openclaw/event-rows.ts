import type { Event } from "../../core/event.ts";
import type { Scope } from "../auth/credential.ts";
import type { HubRecord } from "../hub/event-ring.ts";
import { approvalRequest } from "./rows/approvals.ts";
import { theirDeviceId } from "./rows/devices.ts";
import { assistantMessage } from "./transcript.ts";

/** One event in their words, its payload as JSON text because it is made once for everybody. */
export interface TheirEvent {
  readonly event: string;
  readonly payload: string;
  /** Least scope of who gets it. */
  readonly scope: Scope;
  /** Only those who have asked for changes of sessions. */
  readonly watched: boolean;
}

/** Names of the events that can come. */
export const EVENTS: readonly string[] = [
  "connect.challenge",
  "agent",
  "chat",
  "config.changed",
  "cron",
  "device.pair.requested",
  "device.pair.resolved",
  "exec.approval.requested",
  "exec.approval.resolved",
  "sessions.changed",
  "shutdown",
  "tick",
];

interface Around {
  /** The whole text of a running turn. */
  textOf(turnId: string): string | undefined;
  now(): number;
}

/** Turns the hub's events into theirs. It remembers how much text of a turn they have had. */
export function createEventRows({ textOf, now }: Around): (record: HubRecord) => TheirEvent[] {
  const lengths = new Map<string, number>();
  const MOST = 10_000;

  const delta = (turnId: string, offset: number, added: string) => {
    const text = textOf(turnId) ?? added;
    const follows = offset === (lengths.get(turnId) ?? 0);
    lengths.set(turnId, text.length);
    if (lengths.size > MOST) lengths.delete(lengths.keys().next().value!);
    // What was shown before is not a beginning of it any more: their clients take the whole anew.
    return { text, change: follows ? { deltaText: added } : { deltaText: text, replace: true } };
  };

  const rows = (event: Event, seq: number): TheirEvent[] => {
    const at = now();
    const agent = (session: string, runId: string, stream: string, data: Record<string, unknown>) =>
      one("agent", "read", { runId, seq, stream, ts: at, data, sessionKey: session });
    const chat = (session: string, runId: string, rest: Record<string, unknown>) => one("chat", "read", { runId, sessionKey: session, seq, ...rest });
    switch (event.event) {
      case "turn.started":
        return [agent(event.session, event.payload.turn_id, "lifecycle", { phase: "start", startedAt: at })];
      case "turn.delta": {
        const { turn_id, offset, text: added } = event.payload;
        const { text, change } = delta(turn_id, offset, added);
        return [
          agent(event.session, turn_id, "assistant", { text, delta: change.deltaText, ...("replace" in change ? { replace: true } : {}) }),
          chat(event.session, turn_id, { state: "delta", ...change, message: assistantMessage(text, at) }),
        ];
      }
      case "turn.tool": {
        const { turn_id, call_id, name, state, error } = event.payload;
        const phase = state === "started" ? "start" : "result";
        return [
          agent(event.session, turn_id, "tool", {
            phase,
            name,
            toolCallId: call_id,
            ...(phase === "result" ? { isError: state === "denied" || error === true } : {}),
          }),
        ];
      }
      case "turn.ended": {
        const { turn_id, outcome, text, error } = event.payload;
        lengths.delete(turn_id);
        const said = text === "" ? {} : { message: assistantMessage(text, at) };
        const reason = error?.hint === undefined ? error?.message : `${error.message} (${error.hint})`;
        if (outcome === "failed")
          return [
            agent(event.session, turn_id, "lifecycle", { phase: "error", error: reason ?? "failed", endedAt: at }),
            chat(event.session, turn_id, { state: "error", errorMessage: reason ?? "failed", ...said }),
          ];
        return [
          agent(event.session, turn_id, "lifecycle", { phase: "end", endedAt: at, ...(outcome === "cancelled" ? { aborted: true } : {}) }),
          chat(event.session, turn_id, { state: outcome === "cancelled" ? "aborted" : "final", ...said }),
        ];
      }
      case "session.changed":
        return [{ ...one("sessions.changed", "read", { sessionKey: event.payload.key, reason: event.payload.change, ts: at }), watched: true }];
      case "job.ran": {
        const { job_id, outcome, slot, error, name, turn_id } = event.payload;
        const status = outcome === "done" ? "ok" : outcome === "cancelled" ? "skipped" : "error";
        const more = { ...(error === undefined ? {} : { error: error.message }), ...(turn_id === undefined ? {} : { runId: turn_id }) };
        return [one("cron", "read", { jobId: job_id, jobName: name, action: "finished", status, runAtMs: slot, ts: at, ...more })];
      }
      case "approval.asked":
        return [one("exec.approval.requested", "approvals", approvalRequest(event.session, event.payload))];
      case "approval.resolved": {
        const { approval_id, status, scope } = event.payload;
        const decision = status !== "approved" ? "deny" : scope === "always" ? "allow-always" : "allow-once";
        return [one("exec.approval.resolved", "approvals", { id: approval_id, decision, ts: at })];
      }
      case "device.changed": {
        const { device_id, change } = event.payload;
        const deviceId = theirDeviceId(device_id);
        if (change === "requested") return [one("device.pair.requested", "pairing", { deviceId, ts: at })];
        if (change === "approved" || change === "rejected") return [one("device.pair.resolved", "pairing", { deviceId, decision: change, ts: at })];
        return [];
      }
      case "config.changed":
        return [one("config.changed", "read", { applied: event.payload.applied, restartRequired: event.payload.restart_required, ts: at })];
      case "shutdown":
        return [one("shutdown", undefined, { reason: event.payload.reason })];
      default:
        return [];
    }
  };

  return (record) => {
    const { params } = JSON.parse(record.json) as { params: { event: string; session?: string; payload: unknown } };
    return rows({ event: params.event, session: params.session, payload: params.payload } as Event, record.seq);
  };
}

function one(event: string, scope: Scope | undefined, payload: Record<string, unknown>): TheirEvent {
  return { event, scope: scope ?? "read", payload: JSON.stringify(payload), watched: false };
}

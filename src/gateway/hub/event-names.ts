import type { Event } from "../../core/event.ts";

const NAMES = {
  "message.accepted": true,
  "message.changed": true,
  "turn.queued": true,
  "turn.started": true,
  "turn.delta": true,
  "turn.step": true,
  "turn.tool": true,
  "turn.moved": true,
  "turn.ended": true,
  "delivery.changed": true,
  "session.changed": true,
  "channel.changed": true,
  "approval.asked": true,
  "approval.resolved": true,
  "config.changed": true,
  "device.changed": true,
  "pairing.changed": true,
  "job.ran": true,
  notice: true,
  shutdown: true,
} satisfies Record<Event["event"], true>;

/** Every event there is: whoever asks for another one would wait for ever. */
export const EVENT_NAMES = Object.keys(NAMES) as Event["event"][];

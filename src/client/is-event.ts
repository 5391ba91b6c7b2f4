import type { GatewayEvent } from "./create-client.ts";
import type { Events } from "./events.generated.ts";

/** The events of one name, with their payload. */
export type EventNamed<N extends keyof Events> = Omit<GatewayEvent, "event" | "payload"> & { readonly event: N; readonly payload: Events[N] };

/** Whether an event has this name; its payload is typed then. @example isEvent(event, "turn.ended") && event.payload.outcome */
export function isEvent<N extends keyof Events>(event: GatewayEvent, name: N): event is GatewayEvent & EventNamed<N> {
  return event.event === name;
}

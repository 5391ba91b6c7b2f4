import { signal, type ReadonlySignal } from "@preact/signals";
import type { Connection, GatewayEvent } from "../connection/connection.ts";
import type { WireChannel, WireModels } from "../connection/wire.ts";

/** Channels and models as the gateway sees them. */
export interface Status {
  readonly channels: ReadonlySignal<readonly WireChannel[]>;
  readonly models: ReadonlySignal<WireModels | undefined>;
  load(): Promise<void>;
  handle(event: GatewayEvent): void;
}

export function createStatus(connection: Connection): Status {
  const channels = signal<readonly WireChannel[]>([]);
  const models = signal<WireModels | undefined>(undefined);
  const loadChannels = async () => {
    channels.value = (await connection.call("channels.status", {})).channels;
  };
  const load = async () => {
    await loadChannels();
    models.value = await connection.call("models.list", {});
  };
  return {
    channels,
    models,
    load,
    handle(event) {
      // The next connect reads everything again.
      if (event.event === "channel.changed") loadChannels().catch(() => undefined);
      if (event.event === "config.changed") load().catch(() => undefined);
    },
  };
}

export type Light = "good" | "busy" | "bad";

export function lightOf(state: string): Light {
  if (state === "ready") return "good";
  return state === "starting" || state === "degraded" ? "busy" : "bad";
}

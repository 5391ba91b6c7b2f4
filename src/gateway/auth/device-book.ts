import type { Bus } from "../../core/bus.ts";
import type { Clock } from "../../core/clock.ts";
import type { Device } from "../../core/device.ts";
import type { Log } from "../../core/log.ts";
import type { Store } from "../../core/store.ts";

/** The devices as this gateway knows them now, so that a credential is checked without waiting for the store. */
export interface DeviceBook {
  get(id: string): Device | undefined;
  all(): readonly Device[];
  /** Reads the store. */
  load(): Promise<void>;
  /** After a change: reads the store and tells the other gateways. */
  changed(id: string): Promise<void>;
  /** Looks at the store when another gateway says so, and every 5 s because it may not have been heard. @returns the function that ends it. */
  start(): () => void;
}

const LOOK_MS = 5_000;

/** @param onChange called whenever what a device may do can have changed. */
export function createDeviceBook(deps: { store: Store; bus: Bus; clock: Clock; log: Log }, onChange: () => void): DeviceBook {
  const { store, bus, clock, log } = deps;
  let devices = new Map<string, Device>();
  let stopped = false;

  const load = async () => {
    const rows = await store.listDevices({});
    devices = new Map(rows.map((device) => [device.id, device]));
    if (!stopped) onChange();
  };
  const look = () =>
    load().catch((error: unknown) => {
      if (!stopped) log.warn("the devices could not be read", { error: String(error) });
    });

  return {
    get: (id) => devices.get(id),
    all: () => [...devices.values()],
    load,
    async changed(id) {
      await load();
      bus.publish("revoked", id);
    },
    start() {
      let cancel = () => {};
      const tick = () => {
        void look();
        cancel = clock.timer(LOOK_MS, tick);
      };
      cancel = clock.timer(LOOK_MS, tick);
      const unsubscribe = bus.subscribe("revoked", () => void look());
      return () => {
        stopped = true;
        cancel();
        unsubscribe();
      };
    },
  };
}

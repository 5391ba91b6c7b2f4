import type { Bus, Topic } from "../../core/bus.ts";

/** The bus of a single gateway: listeners are called in a microtask, so that a publisher is never inside a listener. */
export function createLocalBus(): Bus {
  const listeners = new Map<Topic, Set<(payload: string) => void>>();
  return {
    publish(topic, payload) {
      for (const listener of listeners.get(topic) ?? []) queueMicrotask(() => listener(payload));
    },
    subscribe(topic, listener) {
      const set = listeners.get(topic) ?? new Set();
      listeners.set(topic, set.add(listener));
      return () => set.delete(listener);
    },
    async close() {
      listeners.clear();
    },
  };
}

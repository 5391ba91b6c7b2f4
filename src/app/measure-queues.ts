import type { Log } from "../core/log.ts";
import type { Metrics } from "../core/metrics.ts";
import type { Store } from "../core/store.ts";

/** What waits in the store, as gauges; asked for by each scrape. A store that cannot be read leaves the last values: the other series are worth having then. */
export async function measureQueues(store: Pick<Store, "counts">, { metrics, log }: { metrics: Metrics; log: Log }): Promise<void> {
  try {
    const { pendingMessages, turns, openDeliveries } = await store.counts({});
    metrics.gauge("queue_size", pendingMessages, { queue: "inbox" });
    metrics.gauge("queue_size", turns.queued + turns.waiting, { queue: "turns" });
    metrics.gauge("queue_size", openDeliveries, { queue: "deliveries" });
  } catch (error) {
    log.warn("the queues could not be measured", { error });
  }
}

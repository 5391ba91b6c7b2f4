export type MetricLabels = Readonly<Record<string, string>>;

/** What the rooms may measure; observe/ turns it into Prometheus series. Names are without the `clanker_` prefix. */
export interface Metrics {
  count(name: string, labels?: MetricLabels, by?: number): void;
  /** A current value. */
  gauge(name: string, value: number, labels?: MetricLabels): void;
  /** A duration in seconds. */
  observe(name: string, seconds: number, labels?: MetricLabels): void;
}

export const silentMetrics: Metrics = { count: () => {}, gauge: () => {}, observe: () => {} };

/**
 * Metrics as Prometheus text. prom-client is loaded by the first scrape, or when enough has been measured to be worth it; until then measurements wait in
 * a short list, so that a start without a scraper stays fast and small.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import type * as PromClient from "prom-client";
import type { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { MetricLabels, Metrics } from "../core/metrics.ts";
import { BUCKETS, prometheusName, SERIES, type Series } from "./series.ts";

export interface ScrapedMetrics extends Metrics {
  /** The exposition format, version 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/). */
  text(): Promise<string>;
  readonly contentType: string;
  close(): void;
}

interface Measurement {
  readonly kind: Series["kind"];
  readonly name: string;
  readonly value: number;
  readonly labels: MetricLabels;
}

/** A list longer than this costs more than the library. */
const WAITING = 500;
/** Label sets per series (P10): a label that somebody outside can choose must not grow without end. */
const MAX_LABEL_SETS = 300;

export function createMetrics(): ScrapedMetrics {
  let waiting: Measurement[] = [];
  let loading: Promise<Recorder> | undefined;
  let recorder: Recorder | undefined;
  const delay = monitorEventLoopDelay({ resolution: 20 });
  let closed = false;

  const load = () => {
    loading ??= import("prom-client").then((prom) => {
      if (!closed) delay.enable();
      recorder = createRecorder(prom, delay);
      for (const measurement of waiting) recorder.record(measurement);
      waiting = [];
      return recorder;
    });
    return loading;
  };
  const take = (measurement: Measurement) => {
    if (!Number.isFinite(measurement.value)) return;
    if (recorder !== undefined) return recorder.record(measurement);
    waiting.push(measurement);
    // A failed import is reported by the scrape that needs it.
    if (waiting.length === WAITING) load().catch(() => {});
    if (waiting.length > WAITING * 20) waiting.splice(0, WAITING);
  };

  return {
    count: (name, labels = {}, by = 1) => take({ kind: "counter", name, value: by, labels }),
    gauge: (name, value, labels = {}) => take({ kind: "gauge", name, value, labels }),
    observe: (name, seconds, labels = {}) => take({ kind: "histogram", name, value: seconds, labels }),
    text: async () => (await load()).registry.metrics(),
    contentType: "text/plain; version=0.0.4; charset=utf-8",
    close() {
      closed = true;
      delay.disable();
    },
  };
}

interface Recorder {
  readonly registry: Registry;
  record(measurement: Measurement): void;
}

type Prom = typeof PromClient;
type LoopDelay = ReturnType<typeof monitorEventLoopDelay>;

interface Known {
  readonly series: Series;
  readonly metric: Counter | Gauge | Histogram;
  readonly sets: Set<string>;
}

function createRecorder(prom: Prom, delay: LoopDelay): Recorder {
  const registry = new prom.Registry();
  const known = new Map<string, Known>();
  const register = (series: Series): Known => {
    const options = { name: prometheusName(series.name, series.kind), help: series.help, labelNames: [...series.labels], registers: [registry] };
    const metric =
      series.kind === "counter"
        ? new prom.Counter(options)
        : series.kind === "gauge"
          ? new prom.Gauge(options)
          : new prom.Histogram({ ...options, buckets: [...BUCKETS] });
    const entry = { series, metric, sets: new Set<string>() };
    known.set(prometheusName(series.name, series.kind), entry);
    return entry;
  };
  for (const series of SERIES) register(series);
  registerProcess(prom, registry, delay);

  return {
    registry,
    record({ kind, name, value, labels }) {
      const entry = known.get(prometheusName(name, kind)) ?? register({ name, kind, help: name.replaceAll("_", " "), labels: Object.keys(labels).toSorted() });
      if (entry.series.kind !== kind || (kind === "counter" && value < 0)) return;
      const taken = Object.fromEntries(entry.series.labels.map((label) => [label, labels[label] ?? ""]));
      const key = JSON.stringify(taken);
      if (!entry.sets.has(key)) {
        if (entry.sets.size >= MAX_LABEL_SETS) return;
        entry.sets.add(key);
      }
      if (entry.metric instanceof prom.Counter) entry.metric.inc(taken, value);
      else if (entry.metric instanceof prom.Gauge) entry.metric.set(taken, value);
      else entry.metric.observe(taken, value);
    },
  };
}

function registerProcess(prom: Prom, registry: Registry, delay: LoopDelay): void {
  const registers = [registry];
  const started = Date.now() / 1000 - process.uptime();
  const gauge = (name: string, help: string, read: () => number) =>
    new prom.Gauge({
      name: `clanker_${name}`,
      help,
      registers,
      collect() {
        this.set(read());
      },
    }); // oxfmt
  gauge("process_resident_memory_bytes", "Memory of the process.", () => process.memoryUsage.rss());
  gauge("process_heap_used_bytes", "JavaScript heap in use.", () => process.memoryUsage().heapUsed);
  gauge("process_start_time_seconds", "When the process was started, Unix time.", () => started);
  gauge("process_cpu_seconds", "CPU time used, user and system.", () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  const loop = new prom.Gauge({
    name: "clanker_event_loop_delay_seconds",
    help: "Delay of the event loop since the last scrape.",
    labelNames: ["quantile"],
    registers,
    collect() {
      for (const quantile of [50, 99]) loop.set({ quantile: String(quantile / 100) }, secondsOf(delay.percentile(quantile)));
      loop.set({ quantile: "1" }, secondsOf(delay.max));
      delay.reset();
    },
  });
}

/** The histogram counts nanoseconds, its own 20 ms resolution included; empty it answers nonsense. */
function secondsOf(nanoseconds: number): number {
  return Number.isFinite(nanoseconds) && nanoseconds < 1e13 ? Math.max(0, nanoseconds / 1e9 - 0.02) : 0;
}

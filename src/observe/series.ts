/** What is measured: the one list behind the Prometheus series and their documentation. */
export interface Series {
  /** Without the prefix `clanker_`, as the rooms name it. */
  readonly name: string;
  readonly kind: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
}

const QUICK_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Seconds; one set for everything keeps series comparable. A turn may take minutes. */
export const BUCKETS: readonly number[] = [...QUICK_BUCKETS, 30, 60, 120, 300, 600];

const counter = (name: string, help: string, ...labels: string[]): Series => ({ name, kind: "counter", help, labels });
const gauge = (name: string, help: string, ...labels: string[]): Series => ({ name, kind: "gauge", help, labels });
const histogram = (name: string, help: string, ...labels: string[]): Series => ({ name, kind: "histogram", help, labels });

export const SERIES: readonly Series[] = [
  counter("updates_total", "Updates handed to receive, by what became of them.", "channel", "outcome"),
  counter("turns_total", "Turns that ended.", "outcome"),
  counter("steps_total", "Model calls that were finished and stored.", "model"),
  counter("tokens_total", "Tokens used; kind is input, output, cache_read or cache_write.", "model", "kind"),
  counter("tool_calls_total", "Tool calls by outcome.", "tool", "outcome"),
  counter("deliveries_total", "Deliveries that were settled, by state.", "channel", "state"),
  counter("model_errors_total", "Failed model calls by error code.", "provider", "code"),
  counter("http_requests_total", "HTTP requests answered.", "method", "status"),
  counter("rpc_calls_total", "RPC calls answered.", "method", "outcome"),
  counter("auth_failures_total", "Refused credentials."),
  counter("log_errors_total", "Log lines of level error."),
  gauge("queued_turns", "Turns that wait for their lane."),
  gauge("running_turns", "Turns that run now."),
  gauge("open_deliveries", "Deliveries that are not settled."),
  gauge("unknown_deliveries", "Deliveries of which nobody knows whether they arrived."),
  gauge("sessions", "Current sessions."),
  gauge("channel_ready", "1 while the channel account is ready.", "channel", "account"),
  gauge("connections", "Open WebSocket connections."),
  gauge("store_queue", "Operations that wait for the store's writer."),
  histogram("turn_seconds", "From the start of a turn to its last commit.", "outcome"),
  histogram("model_first_token_seconds", "From asking a model to its first text.", "provider"),
  histogram("store_seconds", "Duration of store operations.", "operation"),
];

/** The Prometheus name: prefix, and the unit suffix that its kind has by convention. */
export function prometheusName(name: string, kind: Series["kind"]): string {
  const suffix = kind === "counter" ? "_total" : kind === "histogram" ? "_seconds" : "";
  return `clanker_${name}${suffix !== "" && !name.endsWith(suffix) ? suffix : ""}`;
}

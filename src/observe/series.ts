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
  counter("tokens_total", "Tokens used by models.", "kind"),
  counter("tool_calls_total", "Tool calls by outcome.", "tool", "outcome"),
  counter("deliveries_total", "Deliveries that were settled, by state.", "channel", "state"),
  counter("channel_updates_total", "Updates that a channel account has read from its platform.", "channel", "account"),
  counter("channel_late_failures_total", "Messages that a platform took and later said it could not bring.", "channel", "account"),
  counter("channel_undecrypted_total", "Messages that could not be decrypted, and of which the conversation was told.", "channel", "account"),
  counter("channel_poll_failures_total", "Polls of a platform that failed.", "channel", "account"),
  counter(
    "egress_requests_total",
    "Requests by origin (`untrusted`: URLs that nobody vouches for), by class of status or kind of failure.",
    "origin",
    "result",
  ),
  counter("egress_streams_total", "TCP streams to servers by origin and how opening them ended.", "origin", "result"),
  counter("egress_sockets_total", "Sockets to platforms by origin and how opening them ended.", "origin", "result"),
  counter("job_runs_total", "Runs of scheduled jobs by outcome.", "outcome"),
  gauge("turns_running", "Turns that run now."),
  gauge("queue_size", "What waits: messages for a transcript, turns for a lane or an answer, deliveries for their channel.", "queue"),
  gauge("channel_ready", "1 while the channel account is ready.", "channel", "account"),
  gauge("connections", "Open WebSocket connections."),
  histogram("turn_seconds", "From the start of a turn to its last commit."),
  histogram("tool_seconds", "Duration of tool calls.", "tool"),
  histogram("egress_seconds", "From a request to the head of its response.", "origin"),
];

/** The Prometheus name: prefix, and the unit suffix that its kind has by convention. */
export function prometheusName(name: string, kind: Series["kind"]): string {
  const suffix = kind === "counter" ? "_total" : kind === "histogram" ? "_seconds" : "";
  return `clanker_${name}${suffix !== "" && !name.endsWith(suffix) ? suffix : ""}`;
}

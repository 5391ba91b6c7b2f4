/** How Slack hands events out: in order, until they are taken; over a socket or as signed posts. */
import { createHmac } from "node:crypto";
import type { Clock } from "../../../src/core/clock.ts";
import type { WebSocket } from "ws";

export interface Delivery {
  readonly id: string;
  readonly type: "events_api" | "interactive" | "slash_commands";
  readonly payload: Record<string, unknown>;
  attempts: number;
  taken: boolean;
  /** Cancels the next try. */
  retry: (() => void) | undefined;
}

export interface DeliveryOptions {
  /** Pause before an event that was not taken comes again; 3 seconds at the real Slack, then a minute, then five. */
  readonly retryMs: number;
  readonly signingSecret: string;
  readonly violations: string[];
  readonly changed: () => void;
  readonly clock: Clock;
  /** Called with what is just being acknowledged: the place to compare with what is committed (fault-4). */
  readonly onTaken?: ((payload: Record<string, unknown>) => void) | undefined;
}

export function sign(secret: string, timestamp: string, body: string): string {
  return `v0=${createHmac("sha256", secret).update(`v0:${timestamp}:${body}`).digest("hex")}`;
}

export class Deliveries {
  readonly all: Delivery[] = [];
  readonly sockets = new Set<WebSocket>();
  /** HTTP statuses that posts were answered with; 0 = no answer. */
  readonly answers: number[] = [];
  requestUrl: string | undefined;
  readonly #options: DeliveryOptions;
  #stopped = false;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  add(type: Delivery["type"], payload: Record<string, unknown>): void {
    const delivery = { id: `env-${this.all.length + 1}`, type, payload, attempts: 0, taken: false, retry: undefined };
    this.all.push(delivery);
    this.#attempt(delivery);
    this.#options.changed();
  }

  connected(socket: WebSocket): void {
    this.sockets.add(socket);
    for (const delivery of this.all) if (!delivery.taken) this.#attempt(delivery);
  }

  /** A message of the client over a socket. */
  heard(text: string): void {
    let id: string | undefined;
    try {
      id = (JSON.parse(text) as { envelope_id?: string }).envelope_id;
    } catch {
      // Noted below.
    }
    const delivery = this.all.find((one) => one.id === id);
    if (delivery === undefined) this.#options.violations.push(`acknowledged what was never sent: ${text.slice(0, 100)}`);
    else this.#take(delivery);
  }

  stop(): void {
    this.#stopped = true;
    for (const delivery of this.all) delivery.retry?.();
  }

  #take(delivery: Delivery): void {
    if (!delivery.taken) this.#options.onTaken?.(delivery.payload);
    delivery.taken = true;
    delivery.retry?.();
    this.#options.changed();
  }

  #attempt(delivery: Delivery): void {
    if (this.#stopped || delivery.taken) return;
    delivery.retry?.();
    // Only events are repeated; a press or a command that is not taken is shown to its person as failed.
    delivery.retry = this.#options.clock.timer(this.#options.retryMs, () => this.#attempt(delivery));
    if (this.requestUrl !== undefined) return void this.#post(delivery);
    const socket = [...this.sockets].findLast((one) => one.readyState === one.OPEN);
    if (socket === undefined) return;
    const { id, type, payload, attempts } = delivery;
    const retry = type === "events_api" ? { retry_attempt: attempts, retry_reason: attempts === 0 ? "" : "timeout" } : {};
    delivery.attempts += 1;
    socket.send(JSON.stringify({ envelope_id: id, type, payload, accepts_response_payload: type !== "events_api", ...retry }));
  }

  async #post(delivery: Delivery): Promise<void> {
    const { type, payload, attempts } = delivery;
    delivery.attempts += 1;
    const form = type === "interactive" ? { payload: JSON.stringify(payload) } : (payload as Record<string, string>);
    const body = type === "events_api" ? JSON.stringify(payload) : new URLSearchParams(form).toString();
    const timestamp = String(Math.floor(this.#options.clock.now() / 1_000));
    const headers = {
      "content-type": type === "events_api" ? "application/json" : "application/x-www-form-urlencoded",
      "x-slack-request-timestamp": timestamp,
      "x-slack-signature": sign(this.#options.signingSecret, timestamp, body),
      ...(attempts === 0 ? {} : { "x-slack-retry-num": String(attempts), "x-slack-retry-reason": "http_error" }),
    };
    let status = 0;
    try {
      const response = await fetch(this.requestUrl!, { method: "POST", headers, body });
      status = response.status;
      await response.arrayBuffer();
    } catch {
      // No answer.
    }
    this.answers.push(status);
    if (status >= 200 && status < 300) this.#take(delivery);
    this.#options.changed();
  }
}

import http from "node:http";
import type { Clock } from "../../../core/clock.ts";
import { HttpFailure, type Http, type UntrustedHttp } from "../../../core/http.ts";
import type { Log } from "../../../core/log.ts";
import { silentMetrics, type Metrics } from "../../../core/metrics.ts";
import { toResponse } from "./body.ts";
import { exchange, type Wire } from "./exchange.ts";
import { getUntrusted, machineNet, type UntrustedNet } from "./get-untrusted.ts";
import { configuredTarget } from "./target.ts";

export interface HttpOptions {
  readonly log: Log;
  readonly metrics?: Metrics;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** What untrusted URLs are resolved and reached by; default: the machine's. For tests: no config key leads here. */
  readonly untrustedNet?: UntrustedNet;
}

/** The Http port over real sockets: configured origins and untrusted URLs. */
export interface EgressHttp extends Http, UntrustedHttp {
  /** Closes the kept connections and ends the requests under way. */
  close(): void;
}

/** A kept connection is closed after this silence, earlier when the server announces so: a request on a dying connection is a doubtful one. */
const KEEP_ALIVE_MS = 15_000;
/** Of one origin: as many as conversations that are answered at the same time; with fewer, each further turn connects anew, which over TLS is slower than many an answer. */
const AGENT = { keepAlive: true, maxFreeSockets: 64, timeout: KEEP_ALIVE_MS, scheduling: "lifo" } as const;

const machineClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timer(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/**
 * The door to the network. node:http with its own agents, not global fetch, whose first use costs start time and memory; node:https is loaded by the first
 * https request.
 */
export function createHttp({ log, metrics = silentMetrics, clock = machineClock, untrustedNet = machineNet }: HttpOptions): EgressHttp {
  const ended = new AbortController();
  let plain: Wire | undefined;
  let secure: Promise<Wire> | undefined;
  const agents = new Set<http.Agent>();
  const bodies = { clock, unread: new Set<() => void>() };
  const kept = <A extends http.Agent>(agent: A): A => {
    agents.add(agent);
    return agent;
  };
  const openPlain = (): Wire => ({ request: http.request, agent: kept(new http.Agent(AGENT)) });
  const openSecure = async (): Promise<Wire> => {
    const https = await import("node:https");
    return { request: https.request, agent: kept(new https.Agent(AGENT)) };
  };

  return {
    async request(destination, request) {
      const target = configuredTarget(destination, request);
      if (ended.signal.aborted) throw new HttpFailure("aborted", `${target.shown}: the network is closed`, false);
      const startedAt = clock.monotonic();
      try {
        const wire = target.secure ? await (secure ??= openSecure()) : (plain ??= openPlain());
        const taken = await exchange(wire, target, request, clock);
        const status = taken.response.statusCode ?? 0;
        metrics.count("egress_requests_total", { origin: target.origin, result: `${Math.floor(status / 100)}xx` });
        metrics.observe("egress_seconds", (clock.monotonic() - startedAt) / 1_000, { origin: target.origin });
        log.debug("http", { request: target.shown, status });
        return toResponse(taken, target, request, bodies);
      } catch (error) {
        const kind = error instanceof HttpFailure ? error.kind : "error";
        metrics.count("egress_requests_total", { origin: target.origin, result: kind });
        log.debug("http failed", { request: target.shown, kind });
        throw error;
      }
    },
    async getUntrusted(request) {
      if (ended.signal.aborted) throw new HttpFailure("aborted", "the network is closed", false);
      const signal = request.signal === undefined ? ended.signal : AbortSignal.any([request.signal, ended.signal]);
      const open = async (isSecure: boolean) => (isSecure ? (await import("node:https")).request : http.request);
      const count = (result: string) => metrics.count("egress_requests_total", { origin: "untrusted", result });
      try {
        const response = await getUntrusted({ ...request, signal }, { net: untrustedNet, clock, request: open });
        count(`${Math.floor(response.status / 100)}xx`);
        log.debug("http", { request: `GET ${new URL(response.url).origin}`, status: response.status });
        return response;
      } catch (error) {
        count(error instanceof HttpFailure ? error.kind : "error");
        throw error;
      }
    },
    close() {
      ended.abort();
      for (const agent of agents) agent.destroy();
      for (const end of bodies.unread) end();
    },
  };
}

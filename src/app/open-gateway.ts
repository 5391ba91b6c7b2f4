/** The gateway over the house: what its methods may reach. It does not listen yet. */
import type { LoadedConfig } from "../config/index.ts";
import { VERSION } from "../core/version.ts";
import { createGateway, type Gateway, type GatewayDeps } from "../gateway/index.ts";
import { PRICES_AS_OF } from "../models/prices.ts";
import { describeBackup } from "./backups.ts";
import { gatewayOptions } from "./gateway-options.ts";
import { uiRoot } from "./greet.ts";
import { healthOf } from "./health.ts";
import { measureQueues } from "./measure-queues.ts";
import { logOfPerson } from "./person-in-log.ts";
import { purgeEverywhere } from "./purge.ts";
import { bindingsOfAgent } from "./settings.ts";
import { systemClock as clock, systemFacts, systemRandom as random } from "./system.ts";
import type { BuiltHall } from "./build-hall.ts";
import type { Foundation } from "./lay-foundation.ts";

/** Whoever asks for a stop over the gateway is answered first. */
const STOP_MS = 100;

/** @param stop asks for the gateway's end. */
export function openGateway(
  loaded: LoadedConfig,
  {
    foundation,
    built,
    access,
    stop,
  }: {
    readonly foundation: Foundation;
    readonly built: BuiltHall;
    readonly access: GatewayDeps["config"];
    readonly stop: (why: string) => void;
  },
): Gateway {
  const { places } = loaded;
  const { token, tls, log, ring, logFile, metrics, store, storeReasons, instance, boot, hub, blobs, bus, providers, live, timeZone, secretStore } = foundation;
  const { supervisor, logins, jobsPort, priceOf, hall, audit, hooks, backups } = built;
  return createGateway(gatewayOptions(loaded, { token: token?.token, uiRoot: uiRoot(), tls: tls?.options }), {
    store,
    intake: hall.intake,
    bus,
    gatewayId: instance,
    hub,
    clock,
    random,
    log,
    metrics,
    metricsText: async () => {
      await measureQueues(store, { metrics, log });
      return metrics.text();
    },
    blobs,
    boot,
    version: VERSION,
    config: access,
    channels: {
      list: () => supervisor.list(),
      connect: (name, account) => supervisor.connect(name, account),
      disconnect: (name, account) => supervisor.disconnect(name, account),
      login: logins.begin,
      loginNext: logins.next,
      logout: logins.logout,
      webhook: (name, account) => {
        const channel = supervisor.accounts.get(`${name}:${account}`);
        return channel?.webhook && ((request) => channel.webhook!(request));
      },
      send: async (address, message) => ({ delivery_id: await hall.send(address, message) }),
    },
    models: {
      list: () => providers.list(),
      require: providers.model,
      get default() {
        return live.agent("main").models[0]!;
      },
    },
    agents: { list: () => live.agents().map((name) => ({ name, model: live.agent(name).models[0]!, bindings: bindingsOfAgent(live.config(), name) })) },
    jobs: jobsPort.port,
    hooks,
    turns: { abort: (which) => hall.abort(which), compact: (sessionId) => hall.compact(sessionId) },
    usage: { spending: hall.spending, priceOf, pricesAsOf: PRICES_AS_OF, timeZone },
    stateless: (request, onEvent, signal) => hall.stateless(request, { onEvent, signal }),
    tools: hall.outside,
    pairing: hall.pairing,
    audit,
    people: {
      purge: (person, senders) =>
        purgeEverywhere(person, senders, { dataFolder: places.dataFolder, purge: hall.purge, ring, file: logFile, channels: supervisor.accounts.values() }),
      logLines: (person, senders, page) => logOfPerson(person, senders, { ring, file: logFile }, page),
    },
    backups: {
      make: async (order) => describeBackup(await backups.make({ ...order, by: "person" })),
      list: async () => (await backups.list()).map(describeBackup),
    },
    logs: { tail: async (query) => ring.tail(query) },
    secrets: secretStore,
    system: { info: () => systemFacts(places), stop: (why) => void clock.timer(STOP_MS, () => stop(why)) },
    health: () => healthOf(supervisor, storeReasons()),
  });
}

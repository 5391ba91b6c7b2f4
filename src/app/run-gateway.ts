/**
 * The composition root of the gateway: reads the config, opens the store, puts hall, channels, models and gateway together, and takes them apart in the
 * opposite order. What must stay true: no listener opens before everything behind it stands; a stop answers what it can and hands over the rest.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createLocalBus } from "../bus/local/index.ts";
import { ensureGatewayToken, findPlaces, keepLastGood, loadConfig, type Env, type LoadConfigOptions, type LoadedConfig } from "../config/index.ts";
import { createGateway, createHub } from "../gateway/index.ts";
import { HOOKS_CHANNEL } from "../hooks/create-event-sender.ts";
import { keepEvents } from "../hooks/keep-events.ts";
import { createHooks } from "../hooks/create-hooks.ts";
import { createMetrics } from "../observe/index.ts";
import { createPriceOf, PRICES_AS_OF } from "../models/prices.ts";
import { createGate } from "../security/gate.ts";
import { createHttp, createSockets, createStreams } from "../security/host/egress/index.ts";
import { createPrograms } from "../security/host/processes/index.ts";
import { openKeep } from "../security/host/secrets/index.ts";
import { acquireHomeLock } from "../store/sqlite/index.ts";
import { createHousekeeping } from "../sessions/housekeeping.ts";
import { showSchedule } from "../jobs/read-schedule.ts";
import { createHall } from "../turn/hall.ts";
import { createActionDoor } from "../turn/action-door.ts";
import { createOutboxDoor } from "../turn/outbox-door.ts";
import { openAuditLog } from "./audit-log.ts";
import { describeBackup, keepBackups, openBackups } from "./backups.ts";
import { createBlobs } from "./blobs.ts";
import { createChannelLogins } from "./channel-logins.ts";
import { createChannelSupervisor } from "./channel-supervisor.ts";
import { createConfigAccess } from "./config-access.ts";
import { applyAuth, refuseSharedToken } from "./gateway-auth.ts";
import { gatewayOptions, rateLimitOptions } from "./gateway-options.ts";
import { loadGatewayTls } from "./gateway-tls.ts";
import { writeGatewayFile } from "./gateway-file.ts";
import { greet, uiRoot, urlOf } from "./greet.ts";
import { healthOf } from "./health.ts";
import { lateIntake } from "./late-intake.ts";
import { applyChanges, createLiveSettings } from "./live-settings.ts";
import { measureQueues } from "./measure-queues.ts";
import { openCompanions } from "./open-companions.ts";
import { openChannels } from "./open-channels.ts";
import { createLiveJobs, lateJobs } from "./open-jobs.ts";
import { openLog } from "./open-log.ts";
import { purgeEverywhere } from "./purge.ts";
import { restartChannels } from "./restart-channels.ts";
import { completeRestore, openOrRestore, settleRestored } from "./restores.ts";
import { bindingsOfAgent, budgetsOf, subAgentLimitsOf, toolRulesOf } from "./settings.ts";
import { createEmbedder, createLiveProviders } from "./providers.ts";
import { settleMemory } from "./settle-memory.ts";
import { onHangup, stopRequested } from "./stop-request.ts";
import { watchStore } from "./store-health.ts";
import { systemClock as clock, systemFacts, systemRandom as random } from "./system.ts";
import { hostTimeZone } from "./time-zone.ts";
import { openLocalPowers } from "./local-tools.ts";
import { createMemoryMeaning } from "../tools/memory/index.ts";
import { createTools } from "./tools.ts";
import { replaceWebTools } from "./web-tools.ts";
import { VERSION } from "../core/version.ts";
import { openSecrets } from "./workbench.ts";

export interface RunGatewayOptions {
  readonly configPath?: string;
  readonly home?: string;
  readonly env: Env;
  readonly verbose?: boolean;
  readonly debug?: boolean;
  readonly color?: boolean;
  /** For a person at a terminal: the URL and what to do next. */
  readonly print: (line: string) => void;
  /** Stops the gateway as SIGTERM does. */
  readonly signal?: AbortSignal;
}

/** Turns get this long to end by themselves at a stop; the rest is handed over to the next start (fault-75: exit within 10 s). */
const DRAIN_MS = 5_000;
/** Whoever asks for a stop over the gateway is answered first. */
const STOP_MS = 100;

/** Runs the gateway in the foreground until SIGTERM or SIGINT. @returns the exit code. @throws ConfigError, StoreError when it cannot start. */
export async function runGateway(options: RunGatewayOptions): Promise<number> {
  const load = { path: options.configPath, home: options.home, env: options.env, platform: process.platform, openSecrets };
  await completeRestore(findPlaces(load));
  const loaded = await loadConfig(load);
  await mkdir(loaded.places.dataFolder, { recursive: true, mode: 0o700 });
  const lock = await acquireHomeLock(loaded.places.dataFolder);
  try {
    return await runLocked(loaded, load, options);
  } finally {
    await lock.release();
  }
}

async function runLocked(loaded: LoadedConfig, load: LoadConfigOptions, options: RunGatewayOptions): Promise<number> {
  const { config, places } = loaded;
  const token = await ensureGatewayToken(loaded);
  if (token !== undefined) refuseSharedToken(loaded, token.token);
  const tls = await loadGatewayTls(loaded, clock);
  const { log, ring, redact, file: logFile } = openLog(loaded, token ? [token.token] : [], { ...options, stderr: process.stderr });
  for (const warning of loaded.warnings) log.warn(warning);
  const metrics = createMetrics();
  const { store, reasons: storeReasons } = watchStore(await openOrRestore(loaded, { clock, log }), { clock, log });
  const restored = await settleRestored(store, places.dataFolder, clock);
  const instance = await instanceOf(store);
  const { boot } = await store.boot({ now: clock.now(), instance });
  const http = createHttp({ log, metrics });
  const sockets = createSockets({ log, metrics, clock });
  const streams = createStreams({ log, metrics, clock });
  const programs = createPrograms(options.env);
  const hub = createHub({ clock, boot, log });
  const blobs = createBlobs(store, { clock, random });
  const bus = createLocalBus();
  const providers = await createLiveProviders(config, { http, clock, random });
  const embedder = await createEmbedder(config, { http, clock, random });
  const meaning = embedder && createMemoryMeaning({ store, embedder, clock, log });
  const live = createLiveSettings(config, hostTimeZone(options.env));
  const powers = openLocalPowers(() => live.config(), places, { env: options.env, log });
  const intake = lateIntake();
  const companions = openCompanions(places.dataFolder);
  const secretStore = openSecrets(places, options.env);
  const channelDeps = (channel: string, account: string) => ({
    intake: intake.port,
    http,
    untrusted: http,
    sockets,
    streams,
    programs,
    blobs,
    clock,
    random,
    log,
    metrics,
    companions,
    cursor: (name: string) => store.getCursor({ channel, account, name }),
    keep: openKeep({ folder: join(places.dataFolder, "keeps"), name: `${channel}.${account}`, secrets: secretStore }),
  });
  const supervisor = createChannelSupervisor(await openChannels(config, channelDeps), { clock, hub, metrics });
  const logins = createChannelLogins({ accounts: supervisor.accounts, clock, random, log });
  const jobsPort = lateJobs();
  const asked = new AbortController();
  const speech = { store, bus, clock, random, accounts: supervisor.accounts, notifyTo: config.notifications.to };
  const timeZone = hostTimeZone(options.env);
  const priceOf = createPriceOf(() => live.config().usage.pricing);
  // The hall looks at this list with every use: a changed config changes what is in it.
  const tools = await createTools({
    config,
    http,
    clock,
    store,
    random,
    jobs: jobsPort.port,
    show: showSchedule,
    meaning,
    outbox: createOutboxDoor({ ...speech, hub }),
    actions: createActionDoor(speech),
    ...powers,
  });
  const hall = createHall({
    ...speech,
    hub,
    log,
    metrics,
    blobs,
    gate: createGate(toolRulesOf(live)),
    hideSecrets: (text) => redact.values(text),
    tools,
    places: live.places,
    agent: live.agent,
    model: providers.model,
    listModels: () => providers.list(),
    owner: `${instance}.${boot}`,
    version: VERSION,
    timeZone,
    budgets: () => budgetsOf(live.config()),
    priceOf,
    subAgentLimits: () => subAgentLimitsOf(live.config()),
  });
  const audit = await openAuditLog(places.dataFolder, { store, clock, log });
  intake.become(hall.intake);
  const jobs = createLiveJobs(config, {
    store,
    clock,
    random,
    hub,
    log,
    metrics,
    hall,
    owner: `${instance}.${boot}`,
    hostTimeZone: timeZone,
    agents: () => live.agents(),
    requireModel: providers.model,
  });
  jobsPort.become(jobs.room);
  const hooks = createHooks({
    config: () => live.config().hooks,
    agents: () => live.agents(),
    requireModel: providers.model,
    intake: hall.intake,
    home: async () => (await hall.ownerPlaces())[0],
    clock,
    random,
    log,
  });
  const backups = openBackups(loaded, { clock });
  const listen = keepEvents(config.hooks.out, {
    store,
    clock,
    log,
    wake: (account) => hall.channels.wake({ channel: HOOKS_CHANNEL, account }),
  });
  if (listen !== undefined) hub.listen(listen);
  const { access, editor, watch } = createConfigAccess(loaded, load, { hub, log, clock, redact });
  const gateway = createGateway(gatewayOptions(loaded, { token: token?.token, uiRoot: uiRoot(), tls: tls?.options }), {
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
    },
    backups: {
      make: async (order) => describeBackup(await backups.make({ ...order, by: "person" })),
      list: async () => (await backups.list()).map(describeBackup),
    },
    logs: { tail: async (query) => ring.tail(query) },
    secrets: secretStore,
    system: { info: () => systemFacts(places), stop: (why) => void clock.timer(STOP_MS, () => asked.abort(why)) },
    health: () => healthOf(supervisor, storeReasons()),
  });

  const retention = () => ({ days: live.config().sessions.retention_days, megabytes: live.config().sessions.retention_mb });
  const housekeeping = createHousekeeping({ store, clock, log, retention });
  applyChanges(editor, config, {
    live,
    requireModel: providers.model,
    setProviders: providers.replace,
    restartChannels: (changed, paths) => restartChannels(changed, paths, { supervisor, open: (next, wanted) => openChannels(next, channelDeps, wanted) }),
    restartJobs: jobs.replace,
    setWebTools: (changed) => replaceWebTools(tools, { config: changed, http, clock }),
    setRateLimit: (changed) => gateway.setRateLimit(rateLimitOptions(changed)),
    setAuth: () => applyAuth(editor.current(), gateway),
    ...(options.debug || options.verbose ? {} : { setLogLevel: log.setLevel }),
  });

  // From here on turns run: a SIGTERM that comes before the listener stands is kept, not died of.
  const stopReason = stopRequested(options.signal === undefined ? asked.signal : AbortSignal.any([options.signal, asked.signal]));
  const stopped = new AbortController();
  const beside = [
    hall.lanes.start(stopped.signal),
    audit.keep(stopped.signal),
    meaning?.fill(stopped.signal),
    housekeeping.start(stopped.signal),
    jobs.start(stopped.signal),
    keepBackups(backups, loaded, { clock, log, notify: hall.notify, signal: stopped.signal }),
  ];
  await restored?.tell(hall.notify);
  const { port, address } = await gateway.start().catch(async (thrown: unknown) => {
    stopped.abort();
    await Promise.all(beside);
    await store.close();
    metrics.close();
    throw thrown;
  });
  const url = urlOf(address, port, tls !== undefined);
  const secured = tls === undefined ? {} : { tls: { fingerprint: tls.certificate.fingerprint, certificate: tls.certificate.pem } };
  const removeFile = await writeGatewayFile(places.dataFolder, { pid: process.pid, url, startedAt: clock.now(), ...secured });
  await keepLastGood(loaded);
  supervisor.start((channel, signal) => hall.hold(channel, signal));
  greet(url, { loaded, token, tls }, options.print);
  log.info("gateway is ready", { url, version: VERSION, model: config.agents.model, channels: [...supervisor.accounts.keys()] });

  settleMemory(clock, stopped.signal);
  const unwatch = watch();
  const unhup = onHangup(() =>
    access.reload().catch((error: unknown) => log.warn("the config was not taken; the former one stays in force", { problem: String(error) })),
  );

  const reason = await stopReason;
  unhup();
  unwatch();
  log.info("gateway stops", { reason });
  const closing = gateway.stop({ graceMs: DRAIN_MS });
  await logins.stop();
  await supervisor.stop();
  await hall.lanes.drain(DRAIN_MS);
  await closing;
  stopped.abort();
  await Promise.all(beside);
  await powers.processes.close();
  await removeFile();
  await bus.close();
  await store.close();
  metrics.close();
  return 0;
}

/** Stable name of this home among gateways on one database. */
async function instanceOf(store: Awaited<ReturnType<typeof openOrRestore>>): Promise<string> {
  const known = await store.getSetting({ name: "instance" });
  if (known !== undefined) return known;
  const made = Buffer.from(random.bytes(6)).toString("hex");
  await store.setSetting({ name: "instance", value: made });
  return made;
}

/**
 * The composition root of the gateway, in the order in which the house is built: the foundation, the hall, the gateway over it; and how it is taken apart in the
 * opposite order. What must stay true: no listener opens before everything behind it stands; a stop answers what it can and hands over the rest.
 */
import { mkdir } from "node:fs/promises";
import { findPlaces, keepLastGood, loadConfig, type LoadConfigOptions, type LoadedConfig, type RunningConfigEditor } from "../config/index.ts";
import type { Gateway } from "../gateway/index.ts";
import { VERSION } from "../core/version.ts";
import { createHousekeeping } from "../sessions/housekeeping.ts";
import { acquireHomeLock } from "../store/sqlite/index.ts";
import { keepBackups } from "./backups.ts";
import { createConfigAccess } from "./config-access.ts";
import { applyAuth } from "./gateway-auth.ts";
import { writeGatewayFile } from "./gateway-file.ts";
import { rateLimitOptions } from "./gateway-options.ts";
import { greet, urlOf } from "./greet.ts";
import { applyChanges } from "./live-settings.ts";
import { openChannels } from "./open-channels.ts";
import { restartChannels } from "./restart-channels.ts";
import { completeRestore } from "./restores.ts";
import { settleMemory } from "./settle-memory.ts";
import { onHangup, stopRequested } from "./stop-request.ts";
import { systemClock as clock } from "./system.ts";
import { replaceWebTools } from "./web-tools.ts";
import { openSecrets } from "./workbench.ts";
import { type BuiltHall, buildHall } from "./build-hall.ts";
import { type Foundation, layFoundation } from "./lay-foundation.ts";
import { openGateway } from "./open-gateway.ts";
import type { RunGatewayOptions } from "./run-options.ts";

export type { RunGatewayOptions } from "./run-options.ts";

/** Turns get this long to end by themselves at a stop; the rest is handed over to the next start (fault-75: exit within 10 s). */
const DRAIN_MS = 5_000;

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
  const foundation = await layFoundation(loaded, options);
  const { token, tls, log, redact, metrics, store, restored, hub, meaning, live } = foundation;
  const built = await buildHall(loaded, foundation);
  const { supervisor, hall, audit, jobs, backups } = built;
  const asked = new AbortController();
  const { access, editor, watch } = createConfigAccess(loaded, load, { hub, log, clock, redact });
  const gateway = openGateway(loaded, { foundation, built, access, stop: (why) => asked.abort(why) });

  followConfig({ foundation, built, gateway }, editor, options);
  const retention = () => ({ days: live.config().sessions.retention_days, megabytes: live.config().sessions.retention_mb });
  const housekeeping = createHousekeeping({ store, clock, log, retention });

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

  settleMemory({ clock, hub, signal: stopped.signal });
  const unwatch = watch();
  const unhup = onHangup(() =>
    access.reload().catch((error: unknown) => log.warn("the config was not taken; the former one stays in force", { problem: String(error) })),
  );

  const reason = await stopReason;
  unhup();
  unwatch();
  log.info("gateway stops", { reason });
  await stopHouse({ foundation, built, gateway }, async () => {
    stopped.abort();
    await Promise.all(beside);
    await foundation.powers.processes.close();
    await removeFile();
  });
  return 0;
}

interface House {
  readonly foundation: Foundation;
  readonly built: BuiltHall;
  readonly gateway: Gateway;
}

/** A changed config changes what runs. */
function followConfig({ foundation, built, gateway }: House, editor: RunningConfigEditor, { debug, verbose }: RunGatewayOptions): void {
  const { live, providers, http, log, channelDeps } = foundation;
  const { supervisor, jobs, tools } = built;
  applyChanges(editor, editor.current().config, {
    live,
    requireModel: providers.model,
    setProviders: providers.replace,
    restartChannels: (changed, paths) => restartChannels(changed, paths, { supervisor, open: (next, wanted) => openChannels(next, channelDeps, wanted) }),
    restartJobs: jobs.replace,
    setWebTools: (changed) => replaceWebTools(tools, { config: changed, http, clock }),
    setRateLimit: (changed) => gateway.setRateLimit(rateLimitOptions(changed)),
    setAuth: () => applyAuth(editor.current(), gateway),
    ...(debug || verbose ? {} : { setLogLevel: log.setLevel }),
  });
}

/** Nothing new comes in, what runs gets its time, then the store is closed. @param quiet ends what runs beside the lanes */
async function stopHouse(
  { foundation: { bus, store, metrics }, built: { logins, supervisor, hall }, gateway }: House,
  quiet: () => Promise<void>,
): Promise<void> {
  const closing = gateway.stop({ graceMs: DRAIN_MS });
  await logins.stop();
  await supervisor.stop();
  await hall.lanes.drain(DRAIN_MS);
  await closing;
  await quiet();
  await bus.close();
  await store.close();
  metrics.close();
}

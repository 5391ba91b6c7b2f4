/** What everything else stands on: the log, the store, the doors to the network and the machine, the models. Nothing runs yet. */
import { join } from "node:path";
import { createLocalBus } from "../bus/local/index.ts";
import { ensureGatewayToken, type LoadedConfig } from "../config/index.ts";
import { createHub } from "../gateway/index.ts";
import { toHex } from "../lib/hex/index.ts";
import { createMetrics } from "../observe/index.ts";
import { createHttp, createSockets, createStreams } from "../security/host/egress/index.ts";
import { createPrograms } from "../security/host/processes/index.ts";
import { openKeep } from "../security/host/secrets/index.ts";
import { createMemoryMeaning } from "../tools/memory/index.ts";
import { createBlobs } from "./blobs.ts";
import { refuseSharedToken } from "./gateway-auth.ts";
import { loadGatewayTls } from "./gateway-tls.ts";
import { lateIntake } from "./late-intake.ts";
import { createLiveSettings } from "./live-settings.ts";
import { openLocalPowers } from "./local-tools.ts";
import { openCompanions } from "./open-companions.ts";
import { openLog } from "./open-log.ts";
import { createEmbedder, createLiveProviders } from "./providers.ts";
import { openOrRestore, settleRestored } from "./restores.ts";
import { watchStore } from "./store-health.ts";
import { systemClock as clock, systemRandom as random } from "./system.ts";
import { hostTimeZone } from "./time-zone.ts";
import { openSecrets } from "./workbench.ts";
import type { RunGatewayOptions } from "./run-options.ts";

/** @throws ConfigError, StoreError */
export async function layFoundation(loaded: LoadedConfig, options: RunGatewayOptions) {
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
  const timeZone = hostTimeZone(options.env);
  const live = createLiveSettings(config, timeZone);
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
  return {
    token,
    tls,
    log,
    ring,
    redact,
    logFile,
    metrics,
    store,
    storeReasons,
    restored,
    instance,
    boot,
    http,
    hub,
    blobs,
    bus,
    providers,
    meaning,
    live,
    timeZone,
    powers,
    intake,
    secretStore,
    channelDeps,
  };
}

export type Foundation = Awaited<ReturnType<typeof layFoundation>>;

/** Stable name of this home among gateways on one database. */
async function instanceOf(store: Awaited<ReturnType<typeof openOrRestore>>): Promise<string> {
  const known = await store.getSetting({ name: "instance" });
  if (known !== undefined) return known;
  const made = toHex(random.bytes(6));
  await store.setSetting({ name: "instance", value: made });
  return made;
}

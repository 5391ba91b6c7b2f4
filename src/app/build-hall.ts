/** The hall with all that wakes it or works for it: channels, tools, jobs, hooks, backups, the audit. Nothing runs yet. */
import type { LoadedConfig } from "../config/index.ts";
import { VERSION } from "../core/version.ts";
import { HOOKS_CHANNEL } from "../hooks/create-event-sender.ts";
import { createHooks } from "../hooks/create-hooks.ts";
import { keepEvents } from "../hooks/keep-events.ts";
import { showSchedule } from "../jobs/read-schedule.ts";
import { createPriceOf } from "../models/prices.ts";
import { createGate } from "../security/gate.ts";
import { createActionDoor } from "../turn/action-door.ts";
import { createHall } from "../turn/hall.ts";
import { createOutboxDoor } from "../turn/outbox-door.ts";
import { openAuditLog } from "./audit-log.ts";
import { openBackups } from "./backups.ts";
import { createChannelLogins } from "./channel-logins.ts";
import { createChannelSupervisor } from "./channel-supervisor.ts";
import { openChannels } from "./open-channels.ts";
import { createLiveJobs, lateJobs } from "./open-jobs.ts";
import { budgetsOf, subAgentLimitsOf, toolRulesOf } from "./settings.ts";
import { systemClock as clock, systemRandom as random } from "./system.ts";
import { createTools } from "./tools.ts";
import type { Foundation } from "./lay-foundation.ts";

export async function buildHall(loaded: LoadedConfig, foundation: Foundation) {
  const { config, places } = loaded;
  const { log, redact, metrics, store, instance, boot, http, hub, blobs, bus, providers, meaning, live, timeZone, powers, intake, channelDeps } = foundation;
  const supervisor = createChannelSupervisor(await openChannels(config, channelDeps), { clock, hub, metrics });
  const logins = createChannelLogins({ accounts: supervisor.accounts, clock, random, log });
  const jobsPort = lateJobs();
  const speech = { store, bus, clock, random, accounts: supervisor.accounts, notifyTo: config.notifications.to };
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
  return { supervisor, logins, jobsPort, priceOf, tools, hall, audit, jobs, hooks, backups };
}

export type BuiltHall = Awaited<ReturnType<typeof buildHall>>;

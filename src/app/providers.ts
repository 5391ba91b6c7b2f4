import type { Config } from "../config/schema.ts";
import type { Clock } from "../core/clock.ts";
import type { Embedder } from "../core/embedder.ts";
import { ModelError } from "../core/errors.ts";
import type { Http } from "../core/http.ts";
import type { Model, ModelInfo, Provider } from "../core/model.ts";
import type { Random } from "../core/random.ts";
import { agentNames, agentSettings } from "./settings.ts";
import { resolveProvider, type ResolvedProvider } from "../models/resolve-provider.ts";

export interface ProviderDeps {
  readonly http: Http;
  readonly clock: Clock;
  readonly random: Random;
}

export interface Providers {
  /** By name, `offline` included. */
  readonly all: ReadonlyMap<string, Provider>;
  /** @param id `provider:model`. @throws ModelError `provider_not_found` */
  model(id: string): Model;
  /** Every model of every provider; a provider that cannot be asked is left out. Ids are `provider:model`. */
  list(): Promise<ModelInfo[]>;
}

/** What the owner has named for finding memories by meaning; undefined when nothing is. */
export async function createEmbedder({ memory, providers }: Config, deps: ProviderDeps): Promise<Embedder | undefined> {
  if (memory.embeddings === undefined) return undefined;
  const colon = memory.embeddings.indexOf(":");
  const name = memory.embeddings.slice(0, colon);
  const { kind: _, ...options } = resolveProvider(name, providers[name] ?? {});
  const { createEmbeddings } = await import("../models/embeddings/index.ts");
  return createEmbeddings({ ...options, ...deps }, memory.embeddings.slice(colon + 1));
}

export interface LiveProviders extends Omit<Providers, "all"> {
  /** From now on those of this config; calls that are under way end as they began. @throws ModelError when an agent's model would not be there: then nothing has changed. */
  replace(config: Config): Promise<void>;
}

/** The providers of a running gateway. */
export async function createLiveProviders(config: Config, deps: ProviderDeps): Promise<LiveProviders> {
  let current = await createProviders(config, deps);
  return {
    model: (id) => current.model(id),
    list: () => current.list(),
    async replace(changed) {
      const next = await createProviders(changed, deps);
      for (const name of agentNames(changed)) for (const model of agentSettings(changed, name).models) next.model(model);
      current = next;
    },
  };
}

/** How long one provider may take to list its models. */
const LIST_MS = 10_000;

/** The providers of the config, each wire loaded only when one of them speaks it. */
export async function createProviders(config: Config, deps: ProviderDeps): Promise<Providers> {
  const { createOffline } = await import("../models/offline/index.ts");
  const all = new Map<string, Provider>([["offline", createOffline({ clock: deps.clock, random: deps.random })]]);
  for (const [name, settings] of Object.entries(config.providers)) all.set(name, await createProvider(resolveProvider(name, settings), deps));
  return {
    all,
    model(id) {
      const colon = id.indexOf(":");
      const provider = all.get(id.slice(0, colon));
      if (provider) return provider.model(id.slice(colon + 1));
      const name = colon > 0 ? id.slice(0, colon) : id;
      throw new ModelError("provider_not_found", `no provider named ${name} is configured`, "invalid", {
        hint: `Add [providers.${name}] to the config, or choose a model of: ${[...all.keys()].join(", ")}.`,
      });
    },
    async list() {
      const lists = await Promise.all([...all.values()].map((provider) => provider.models(AbortSignal.timeout(LIST_MS)).catch(() => [])));
      return lists.flat();
    },
  };
}

async function createProvider(resolved: ResolvedProvider, deps: ProviderDeps): Promise<Provider> {
  const { kind, ...options } = resolved;
  return withFullIds(await createWire(kind, { ...options, ...deps }));
}

async function createWire(kind: ResolvedProvider["kind"], options: Omit<ResolvedProvider, "kind"> & ProviderDeps): Promise<Provider> {
  switch (kind) {
    case "anthropic":
      return (await import("../models/anthropic/index.ts")).createAnthropic(options);
    case "openai-chat":
      return (await import("../models/openai-chat/index.ts")).createOpenAiChat(options);
    case "openai-responses":
      return (await import("../models/openai-responses/index.ts")).createOpenAiResponses(options);
  }
}

/** Wires list models as their vendor calls them; everywhere else a model is `provider:model`. */
function withFullIds(provider: Provider): Provider {
  const { name } = provider;
  return {
    name,
    model: (model) => provider.model(model),
    async models(signal) {
      return (await provider.models(signal)).map((info) => ({ ...info, id: `${name}:${info.id}` }));
    },
  };
}

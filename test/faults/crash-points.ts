/**
 * The one wrapper around the ports that names every place where a process may die: `store.OPERATION`, `channel.NAME.send`, `model.stream`, `tool.NAME`, `http.request`,
 * `config.METHOD`, before and after each. Used by the simulator and by the crash-point enumeration, so that both mean the same places. Each table below lists all members
 * of its port: a method that is added to a port does not compile until somebody has said here what it is.
 */
import type { Channel } from "../../src/core/channel.ts";
import type { ConfigEditor } from "../../src/core/config-editor.ts";
import type { Http } from "../../src/core/http.ts";
import type { Model, ModelEvent, Provider } from "../../src/core/model.ts";
import { DURABILITY, type Store } from "../../src/core/store.ts";
import type { Tool } from "../../src/core/tool.ts";

export interface CrashPoint {
  readonly name: string;
  /** `during`: an answer that comes in pieces has begun. */
  readonly when: "before" | "during" | "after";
}

/** Called at every point; may end the process, or answer a promise that never settles. */
export type OnPoint = (point: CrashPoint) => void | Promise<void>;

/** `point`: has an effect or an answer from outside; `pure`: neither waits nor changes anything; `value`: no method. */
type Kind = "point" | "pure" | "value";
type Table<T> = { readonly [K in keyof Required<T>]: Kind };

export const STORE: Table<Store> = {
  ...(Object.fromEntries(Object.keys(DURABILITY).map((name) => [name, "point"])) as Table<Store>),
  scrub: "point",
  close: "point",
};
export const CHANNEL: Table<Channel> = {
  name: "value",
  account: "value",
  capabilities: "value",
  start: "point",
  status: "pure",
  render: "pure",
  send: "point",
  edit: "point",
  typing: "point",
  fetchMedia: "point",
  actions: "value",
  login: "value",
  forget: "point",
  webhook: "point",
};
export const MODEL: Table<Model> = { id: "value", contextTokens: "value", credential: "value", silenceMs: "value", stream: "point" };
export const PROVIDER: Table<Provider> = { name: "value", models: "point", model: "pure" };
export const TOOL: Table<Tool> = {
  spec: "value",
  effects: "value",
  idempotent: "value",
  parallel: "value",
  timeoutMs: "value",
  leastIntegrity: "value",
  highestConfidentiality: "value",
  review: "pure",
  at: "pure",
  facts: "point",
  delegate: "pure",
  run: "point",
};
export const HTTP: Table<Http> = { request: "point" };
export const CONFIG: Table<ConfigEditor> = {
  get: "point",
  set: "point",
  unset: "point",
  patch: "point",
  append: "point",
  validate: "point",
  reload: "point",
  schema: "pure",
};

export function pointStore(store: Store, onPoint: OnPoint): Store {
  return wrap(store, STORE, (method) => `store.${method}`, onPoint);
}

export function pointChannel<C extends Channel>(channel: C, onPoint: OnPoint): C {
  return wrap(channel, CHANNEL, (method) => `channel.${channel.name}.${method}`, onPoint);
}

export function pointTool(tool: Tool, onPoint: OnPoint): Tool {
  const wrapped = wrap(tool, TOOL, () => `tool.${tool.spec.name}`, onPoint);
  if (tool.at === undefined) return wrapped;
  const there = new Map<Tool, Tool>();
  const at: Tool["at"] = (origin) => {
    const found = tool.at!(origin);
    if (found !== undefined && !there.has(found)) there.set(found, pointTool(found, onPoint));
    return found && there.get(found);
  };
  return Object.assign(wrapped, { at });
}

export function pointHttp(http: Http, onPoint: OnPoint): Http {
  return wrap(http, HTTP, (method) => `http.${method}`, onPoint);
}

export function pointConfig(editor: ConfigEditor, onPoint: OnPoint): ConfigEditor {
  return wrap(editor, CONFIG, (method) => `config.${method}`, onPoint);
}

export function pointProvider(provider: Provider, onPoint: OnPoint): Provider {
  const wrapped = wrap(provider, PROVIDER, (method) => `provider.${method}`, onPoint);
  return Object.assign(wrapped, { model: (name: string) => pointModel(provider.model(name), onPoint) });
}

function pointModel(model: Model, onPoint: OnPoint): Model {
  async function* stream(...args: Parameters<Model["stream"]>): AsyncGenerator<ModelEvent> {
    const name = "model.stream";
    await onPoint({ name, when: "before" });
    let begun = false;
    for await (const event of model.stream(...args)) {
      if (event.type === "end") await onPoint({ name, when: "after" });
      yield event;
      if (!begun && event.type !== "end") await onPoint({ name, when: "during" });
      begun = true;
    }
  }
  return { id: model.id, contextTokens: model.contextTokens, credential: model.credential, stream };
}

/** The same object with every `point` method passing through `onPoint`; what the table does not know is handed on as it is. */
function wrap<T extends object>(port: T, table: Readonly<Record<string, Kind>>, nameOf: (method: string) => string, onPoint: OnPoint): T {
  const wrapped = Object.create(port) as Record<string, unknown>;
  for (const [method, kind] of Object.entries(table)) {
    const original = (port as Record<string, unknown>)[method];
    if (kind !== "point" || typeof original !== "function") continue;
    const name = nameOf(method);
    wrapped[method] = async (...args: unknown[]): Promise<unknown> => {
      await onPoint({ name, when: "before" });
      const answer: unknown = await (original as (...all: unknown[]) => unknown).apply(port, args);
      await onPoint({ name, when: "after" });
      return answer;
    };
  }
  return wrapped as T;
}

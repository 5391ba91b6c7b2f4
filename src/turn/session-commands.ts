/** /model and /think: what a conversation is answered with. They change the session's settings, which its successors keep. */
import type { Clock } from "../core/clock.ts";
import type { Hub } from "../core/event.ts";
import type { ModelInfo } from "../core/model.ts";
import type { NewSession, Store } from "../core/store.ts";
import type { SessionSettings } from "../core/records.ts";
import type { Thinking } from "../core/update.ts";
import { ClankerError } from "../core/errors.ts";
import { nearestName } from "../lib/nearest-name/index.ts";
import type { AgentSettings } from "./agent-settings.ts";

export interface SessionCommandDeps {
  readonly store: Store;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly agent: (name: string) => AgentSettings;
  /** @throws ClankerError when there is no such provider. */
  readonly model: (id: string) => unknown;
  readonly listModels: () => Promise<readonly ModelInfo[]>;
}

/** Models that are named in a list; more would be a wall of text in a chat. */
const MAX_LISTED = 30;
const LEVELS: readonly Thinking[] = ["off", "low", "medium", "high"];

export async function showOrSetModel(session: NewSession, words: readonly string[], deps: SessionCommandDeps): Promise<string> {
  const current = await settingsOf(session, deps);
  const own = deps.agent(session.agent).models[0]!;
  const [wanted] = words;
  if (wanted === undefined) return await showModels(current.model, own, deps);
  if (wanted === "default") {
    await change(session, { model: null }, deps);
    return `This conversation is answered by ${own} again, the agent's own model.`;
  }
  const known = (await deps.listModels()).map(({ id }) => id);
  const model = fullName(wanted, known);
  const fault = unknownModel(model, known, deps);
  if (fault !== undefined) return fault;
  await change(session, { model }, deps);
  return `From now on this conversation is answered by ${model}${model === own ? "" : `; /model default goes back to ${own}`}.`;
}

/** `gpt-5` is as good as `openai:gpt-5` when only one provider has it. */
function fullName(wanted: string, known: readonly string[]): string {
  if (known.includes(wanted)) return wanted;
  const alike = known.filter((id) => id.slice(id.indexOf(":") + 1) === wanted);
  return alike.length === 1 ? alike[0]! : wanted;
}

/** A provider that lists nothing (it is away, or cannot) is believed; one that lists its models has no others. */
function unknownModel(model: string, known: readonly string[], { model: require }: SessionCommandDeps): string | undefined {
  const provider = model.slice(0, model.indexOf(":") + 1);
  const nearest =
    nearestName(model, known) ??
    nearestName(
      model,
      known.map((id) => id.slice(id.indexOf(":") + 1)),
    );
  const hint = nearest === undefined ? "/model lists those I know." : `Did you mean ${nearest}?`;
  if (provider === "" || provider === ":") return `I know no model ${model}. ${hint}`;
  try {
    require(model);
  } catch (thrown) {
    if (thrown instanceof ClankerError) return `I know no model ${model}. ${hint}`;
    throw thrown;
  }
  return known.some((id) => id.startsWith(provider)) && !known.includes(model) ? `I know no model ${model}. ${hint}` : undefined;
}

async function showModels(chosen: string | undefined, own: string, deps: SessionCommandDeps): Promise<string> {
  const known = (await deps.listModels()).map(({ id }) => id);
  const more = known.length > MAX_LISTED ? [`... and ${known.length - MAX_LISTED} more`] : [];
  const now =
    chosen === undefined
      ? `This conversation is answered by ${own}, the agent's own model.`
      : `This conversation is answered by ${chosen}; the agent's own model is ${own}.`;
  return [now, "/model NAME takes another one:", ...known.slice(0, MAX_LISTED), ...more].join("\n");
}

export async function showOrSetThinking(session: NewSession, words: readonly string[], deps: SessionCommandDeps): Promise<string> {
  const current = await settingsOf(session, deps);
  const own = deps.agent(session.agent).thinking;
  const wanted = words[0]?.toLowerCase();
  const choices = `/think ${LEVELS.join(", ")} or default`;
  if (wanted === undefined)
    return `I think here: ${current.thinking ?? own}${current.thinking === undefined ? "" : ` (the agent's own level: ${own})`}. Change it with ${choices}.`;
  if (wanted === "default") {
    await change(session, { thinking: null }, deps);
    return `I think here as the agent does: ${own}.`;
  }
  const level = LEVELS.find((one) => one === wanted);
  if (level === undefined) return `There is no level ${JSON.stringify(wanted.slice(0, 50))}. Write ${choices}.`;
  await change(session, { thinking: level }, deps);
  return `From now on I think here: ${level}.`;
}

async function settingsOf(session: NewSession, { store }: SessionCommandDeps): Promise<SessionSettings> {
  return (await store.getSession({ key: session.key }))?.settings ?? {};
}

type Change = { [K in keyof SessionSettings]?: SessionSettings[K] | null };

async function change(session: NewSession, settings: Change, { store, hub, clock }: SessionCommandDeps): Promise<void> {
  const now = clock.now();
  const { session: current } = await store.createSession({ session, now });
  await store.patchSession({ id: current.id, settings, now });
  hub.publish({ event: "session.changed", session: session.key, payload: { key: session.key, change: "patched" } });
}

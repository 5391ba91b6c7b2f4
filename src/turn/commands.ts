/** Chat commands: they are answered at once and never enter a lane (house.md 2.1). */
import type { Clock } from "../core/clock.ts";
import type { Hub } from "../core/event.ts";
import type { Principal } from "../core/principal.ts";
import type { NewSession, Store } from "../core/store.ts";
import type { Update } from "../core/update.ts";
import type { Lanes } from "./lanes.ts";

const COMMANDS = {
  help: "what I understand",
  new: "start a new conversation; the old one is kept",
  stop: "stop what I am doing",
  status: "what is going on here",
  whoami: "who you are to me",
} as const;

export type CommandName = keyof typeof COMMANDS;

export interface CommandCall {
  readonly principal: Principal;
  readonly session: NewSession;
  readonly update: Update;
}

export interface Commands {
  /** @returns the text to answer with. Repeating a call does no harm. */
  run(name: CommandName, call: CommandCall): Promise<string>;
}

/** The command a message is, if it is one: `/name`, also as `/name@bot`, alone or before other words. */
export function commandOf(text: string): CommandName | undefined {
  const name = /^\/([a-z]+)(?:@\w+)?(?:\s|$)/i.exec(text.trim())?.[1]?.toLowerCase();
  return name !== undefined && Object.hasOwn(COMMANDS, name) ? (name as CommandName) : undefined;
}

export interface CommandDeps {
  readonly store: Store;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly lanes: Lanes;
  /** Model of an agent, `provider:model`. */
  readonly modelOf: (agent: string) => string;
  readonly version: string;
}

export function createCommands(deps: CommandDeps): Commands {
  const commands: Record<CommandName, (call: CommandCall) => Promise<string>> = {
    help: async () =>
      Object.entries(COMMANDS)
        .map(([name, what]) => `/${name} - ${what}`)
        .join("\n"),
    new: (call) => startNew(call, deps),
    stop: (call) => stop(call, deps),
    status: (call) => status(call, deps),
    whoami: async ({ principal, update }) =>
      `Your id on ${update.address.channel} is ${update.sender.id}. To me you are ${article(principal.class)}${principal.direct ? "" : " in this group"}.`,
  };
  return { run: (name, call) => commands[name](call) };
}

/** Guests share a group's session with others: they may not end it or stop another's turn. */
function mayControl(principal: Principal): boolean {
  return principal.direct || principal.class !== "guest";
}

async function startNew({ principal, session, update }: CommandCall, deps: CommandDeps): Promise<string> {
  if (!mayControl(principal)) return "Only the owner and trusted members can start a new conversation here.";
  const current = await deps.store.getSession({ key: session.key });
  // An empty session is as good as a new one; so a repeated /new changes nothing.
  if (!current || current.lastEntry === 0) return "This is a new conversation.";
  deps.lanes.stop({ sessionId: current.id }, { kind: "user" });
  await deps.store.cancelQueued({ sessionId: current.id, now: deps.clock.now() });
  await deps.store.resetSession({ session, now: deps.clock.now() });
  deps.hub.publish({ event: "session.changed", session: session.key, payload: { key: session.key, change: "reset" } });
  return update.direct ? "A new conversation. The old one is kept." : "A new conversation for this group. The old one is kept.";
}

async function stop({ principal, session }: CommandCall, deps: CommandDeps): Promise<string> {
  if (!mayControl(principal)) return "Only the owner and trusted members can stop me here.";
  const current = await deps.store.getSession({ key: session.key });
  if (!current) return "Nothing is running.";
  return deps.lanes.stop({ sessionId: current.id }, { kind: "user" }).length > 0 ? "Stopped." : "Nothing is running.";
}

async function status({ session }: CommandCall, deps: CommandDeps): Promise<string> {
  const current = await deps.store.getSession({ key: session.key });
  const open = current ? await deps.store.listTurns({ sessionId: current.id, statuses: ["queued", "running", "waiting"], limit: 100 }) : [];
  const running = open.filter((turn) => turn.status === "running").length;
  return [
    `Open Clanker ${deps.version}, model ${current?.settings.model ?? deps.modelOf(session.agent)}`,
    `${current?.lastEntry ?? 0} entries in this conversation, ${running > 0 ? "working on an answer" : "idle"}, ${open.length - running} waiting`,
  ].join("\n");
}

function article(kind: Principal["class"]): string {
  return kind === "owner" ? "the owner" : kind === "trusted" ? "trusted" : `a ${kind}`;
}

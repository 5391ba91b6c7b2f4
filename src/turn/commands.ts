/** Chat commands: they are answered at once and never enter a lane (house.md 2.1). */
import { chatCommands, isCommandName, type CommandName } from "../core/command.ts";
import { messageText } from "../core/message.ts";
import { labelOf, type Principal } from "../core/principal.ts";
import type { ApprovalScope } from "../core/records.ts";
import type { Log } from "../core/log.ts";
import type { Update } from "../core/update.ts";
import type { Approvals } from "./approvals.ts";
import type { CommandCall } from "./command-call.ts";
import { startCompact } from "./compact-command.ts";
import type { Compacted } from "./compaction.ts";
import type { Lanes } from "./lanes.ts";
import type { OutboxDoor } from "./outbox-door.ts";
import type { PairingDesk } from "./pairing.ts";
import { showOrSetModel, showOrSetThinking, type SessionCommandDeps } from "./session-commands.ts";
import type { Spending } from "./spending.ts";
import { showUsage } from "./usage-command.ts";

/** Said alone, in these letters, by the owner: everything stops, everywhere. */
const STOP_WORD = "STOP";

export interface Commands {
  /** @returns the text to answer with. Repeating a call does no harm. */
  run(name: CommandName, call: CommandCall): Promise<string>;
}

/** The command a message is, if it is one: `/name`, also as `/name@bot`, alone or before other words; and the bare word STOP. */
export function commandOf(text: string): CommandName | undefined {
  if (text.trim() === STOP_WORD) return "stop";
  const name = /^\/([a-z]+)(?:@\w+)?(?:\s|$)/i.exec(text.trim())?.[1]?.toLowerCase();
  return name !== undefined && isCommandName(name) ? name : undefined;
}

export interface CommandDeps extends SessionCommandDeps {
  readonly lanes: Lanes;
  readonly approvals: Approvals;
  readonly pairing: PairingDesk;
  /** Stops running and waiting turns: of one session, or all of them, in every process. @returns how many. */
  readonly stopTurns: (which: { sessionId?: string }) => Promise<number>;
  /** What the context was labelled by may have changed. */
  readonly forget: (sessionId: string) => void;
  readonly version: string;
  readonly spending: Spending;
  readonly compact: (sessionId: string) => Promise<Compacted>;
  readonly outbox: Pick<OutboxDoor, "send">;
  readonly log: Log;
}

export function createCommands(deps: CommandDeps): Commands {
  const commands: Record<CommandName, (call: CommandCall) => Promise<string>> = {
    help: async ({ principal }) =>
      chatCommands
        .filter(({ owner }) => principal.class === "owner" || owner !== true)
        .map(({ name, words, what }) => `/${name}${words === undefined ? "" : ` ${words}`} - ${what}`)
        .join("\n"),
    new: (call) => startNew(call, deps),
    stop: (call) => stop(call, deps),
    status: (call) => status(call, deps),
    model: (call) => (maySet(call.principal) ? showOrSetModel(call.session, wordsOf(call.update), deps) : Promise.resolve(MAY_NOT_SET)),
    think: (call) => (maySet(call.principal) ? showOrSetThinking(call.session, wordsOf(call.update), deps) : Promise.resolve(MAY_NOT_SET)),
    usage: (call) => showUsage(call, deps),
    compact: async (call) => (mayControl(call.principal) ? await startCompact(call, deps) : "Only the owner and trusted members can do that here."),
    approve: (call) => approve(call, deps),
    deny: (call) => answerApproval(call, "deny", deps),
    pair: (call) => pair(call, deps),
    trust: (call) => trust(call, deps),
    whoami: async ({ principal, update }) =>
      `Your id on ${update.address.channel} is ${update.sender.id}. To me you are ${article(principal.class)}${principal.direct ? "" : " in this group"}.`,
  };
  return { run: (name, call) => commands[name](call) };
}

/** Guests share a group's session with others: they may not end it or stop another's turn. */
function mayControl(principal: Principal): boolean {
  return principal.direct || principal.class !== "guest";
}

/** Another model costs the owner other money. */
function maySet({ class: kind }: Principal): boolean {
  return kind === "owner" || kind === "trusted";
}

const MAY_NOT_SET = "Only the owner and people they trust can change how I answer here.";

async function startNew({ principal, session, update }: CommandCall, deps: CommandDeps): Promise<string> {
  if (!mayControl(principal)) return "Only the owner and trusted members can start a new conversation here.";
  const current = await deps.store.getSession({ key: session.key });
  // An empty session is as good as a new one; so a repeated /new changes nothing.
  if (!current || current.lastEntry === 0) return "This is a new conversation.";
  await deps.stopTurns({ sessionId: current.id });
  await deps.store.cancelQueued({ sessionId: current.id, now: deps.clock.now() });
  await deps.store.resetSession({ session, now: deps.clock.now() });
  deps.hub.publish({ event: "session.changed", session: session.key, payload: { key: session.key, change: "reset" } });
  return update.direct ? "A new conversation. The old one is kept." : "A new conversation for this group. The old one is kept.";
}

async function stop({ principal, session, update }: CommandCall, deps: CommandDeps): Promise<string> {
  if (!mayControl(principal)) return "Only the owner and trusted members can stop me here.";
  if (principal.class === "owner" && stopsEverything(update)) {
    const stopped = await deps.stopTurns({});
    return stopped > 0 ? `Stopped everything (${stopped}).` : "Nothing is running anywhere.";
  }
  const current = await deps.store.getSession({ key: session.key });
  if (!current) return "Nothing is running.";
  return (await deps.stopTurns({ sessionId: current.id })) > 0 ? "Stopped." : "Nothing is running.";
}

function stopsEverything(update: Update): boolean {
  const text = textOf(update).trim();
  return text === STOP_WORD || /^\/stop(@\w+)?\s+all$/i.test(text);
}

function textOf(update: Update): string {
  return update.type === "message" ? messageText(update.message) : "";
}

/** The words behind a command. */
function wordsOf(update: Update): string[] {
  return textOf(update).trim().split(/\s+/).slice(1);
}

async function approve(call: CommandCall, deps: CommandDeps): Promise<string> {
  const scope = wordsOf(call.update)[1] ?? "once";
  if (scope !== "once" && scope !== "session" && scope !== "always") return "Write /approve CODE, /approve CODE session or /approve CODE always.";
  return await answerApproval(call, scope, deps);
}

async function answerApproval({ principal, update }: CommandCall, decision: ApprovalScope | "deny", deps: CommandDeps): Promise<string> {
  const [code] = wordsOf(update);
  if (code === undefined) return `Write the code that I asked with: /${decision === "deny" ? "deny" : "approve"} CODE`;
  // A client of ours speaks with the owner's voice; whether it may decide is its credential's matter (sec-23).
  const may = mayDecide(update);
  return await deps.approvals.answer({ code, decision, principal: may ? principal : { ...principal, class: "guest" }, at: update.address, via: "chat" });
}

function mayDecide(update: Update): boolean {
  return update.authenticated === undefined || update.authenticated.approves === true;
}

async function pair({ principal, update }: CommandCall, deps: CommandDeps): Promise<string> {
  if (principal.class !== "owner" || !principal.direct || !mayDecide(update)) return "Only the owner can let people in, in our direct chat.";
  const [code] = wordsOf(update);
  if (code === undefined) return "Write the code that they were given: /pair CODE";
  const answered = await deps.pairing.answer({ decision: "approve", code }, principal.person);
  if (answered.kind === "locked") return "Too many wrong codes. Wait an hour.";
  if (answered.kind === "unknown") return "There is no such code; it may have expired.";
  const { channel, senderId, name } = answered.pairing;
  return `${answered.kind === "known" ? "Let in before" : "Let in"}: ${name ?? "somebody"} (${senderId} on ${channel}).`;
}

/** The owner's endorsement (security.md, Labels): the only way up but a new conversation. */
async function trust({ principal, session, update }: CommandCall, deps: CommandDeps): Promise<string> {
  if (principal.class !== "owner" || !principal.direct || !mayDecide(update)) return "Only the owner can vouch for a conversation, in our direct chat.";
  const current = await deps.store.getSession({ key: session.key });
  if (!current || current.lastEntry === 0) return "There is nothing here yet.";
  const { id, contextStart, lastEntry } = current;
  const raised = await deps.store.endorseEntries({
    sessionId: id,
    from: contextStart,
    to: lastEntry,
    label: labelOf(principal),
    by: principal.person,
    now: deps.clock.now(),
  });
  deps.forget(id);
  return `You vouch for the last ${raised} entries of this conversation. What comes in from now on is looked at anew.`;
}

async function status({ session }: CommandCall, deps: CommandDeps): Promise<string> {
  const current = await deps.store.getSession({ key: session.key });
  const open = current ? await deps.store.listTurns({ sessionId: current.id, statuses: ["queued", "running", "waiting"], limit: 100 }) : [];
  const running = open.filter((turn) => turn.status === "running").length;
  return [
    `Open Clanker ${deps.version}, model ${current?.settings.model ?? deps.agent(session.agent).models[0]!}`,
    `${current?.lastEntry ?? 0} entries in this conversation, ${running > 0 ? "working on an answer" : "idle"}, ${open.length - running} waiting`,
  ].join("\n");
}

function article(kind: Principal["class"]): string {
  return kind === "owner" ? "the owner" : kind === "trusted" ? "trusted" : `a ${kind}`;
}

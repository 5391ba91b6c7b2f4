/**
 * Hall, step 1: receive. The only way to wake the agent: every update of every channel, job, hook and client comes through here.
 * What must stay true: nothing happens for a stranger but one commit and, once, one notice (no download, no model, no typing); the promise resolves
 * after that commit, so whoever called may acknowledge to the platform then and not before (P1).
 */
import type { Address } from "../core/address.ts";
import type { Clock } from "../core/clock.ts";
import type { CommandName } from "../core/command.ts";
import { RequestError } from "../core/errors.ts";
import type { NewEntry } from "../core/entry.ts";
import type { Hub } from "../core/event.ts";
import type { Intake, Outcome } from "../core/intake.ts";
import type { Log } from "../core/log.ts";
import { messageText, pressedWords, textMessage } from "../core/message.ts";
import type { Metrics } from "../core/metrics.ts";
import { noUsage } from "../core/model.ts";
import { newId, type Random } from "../core/random.ts";
import type { AcceptItem, AcceptOutput, Store } from "../core/store.ts";
import type { ZoneOffset } from "../core/zone-offset.ts";
import type { Cursor, MessageUpdate, Update } from "../core/update.ts";
import { estimateEntry } from "../agent/tokens.ts";
import type { Principal } from "../core/principal.ts";
import { admit, principalOf, type Admission } from "../security/admission.ts";
import { resetWhen } from "../sessions/reset.ts";
import type { Approvals } from "./approvals.ts";
import { boundByJob, jobOf } from "./bound-by-job.ts";
import { pressedAnswer } from "./show-approval.ts";
import type { Channels } from "./channels.ts";
import { commandOf, type Commands } from "./commands.ts";
import type { Lanes } from "./lanes.ts";
import type { PairingDesk } from "./pairing.ts";
import type { People } from "./people.ts";
import type { Place, Places } from "./place.ts";
import { sessionOf } from "./session-of.ts";
import { messageOf } from "./tell-events.ts";

/** How long an undelivered notice is worth sending. */
const NOTICE_TTL_MS = 24 * 3600_000;

export interface ReceiveDeps {
  /** Clocks of time zones. */
  readonly offsetIn: (timeZone: string) => ZoneOffset;
  readonly store: Store;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly places: Places;
  readonly people: People;
  readonly lanes: Lanes;
  readonly commands: Commands;
  readonly approvals: Approvals;
  readonly pairing: PairingDesk;
  readonly channels: Channels;
  /** Owner of the leases this process takes. */
  readonly owner: string;
  readonly leaseMs: number;
}

type Accepted = Extract<AcceptOutput, { kind: "accepted" }>;
type Prepared = { readonly item: AcceptItem; readonly command?: { name: CommandName; reply: string } };

export function createIntake(deps: ReceiveDeps): Intake {
  return {
    async receive(updates: readonly Update[], cursor?: Cursor): Promise<Outcome[]> {
      const prepared: Prepared[] = [];
      const outputs = await deps.people.during(async () => {
        // STOP goes ahead of whatever came before it (sec-63).
        for (const index of stopsFirst(updates)) prepared[index] = await prepare(updates[index]!, deps);
        return await deps.store.acceptUpdates({
          items: prepared.map((one) => one.item),
          ...(cursor && { cursor }),
          now: deps.clock.now(),
          owner: deps.owner,
          leaseMs: deps.leaseMs,
        });
      });
      const outcomes = outputs.map((output, i) => settle(updates[i]!, prepared[i]!, output, deps));
      const conflict = outputs.findIndex((output, i) => isConflict(updates[i]!, output));
      if (conflict >= 0) throw idempotencyConflict(updates[conflict]!);
      return outcomes;
    },
  };
}

function stopsFirst(updates: readonly Update[]): number[] {
  const isStop = (update: Update) => update.type === "message" && commandOf(messageText(update.message)) === "stop";
  return [...updates.keys()].toSorted((a, b) => Number(isStop(updates[b]!)) - Number(isStop(updates[a]!)));
}

/** Who is it, and may they speak? A stranger is looked up among those who were let in by a code. */
async function admission(update: Update, place: Place | undefined, deps: ReceiveDeps): Promise<Admission> {
  if (!place) return { kind: "refused", reason: "channel is not configured", tell: false, pair: false };
  const first = admit(update, place.policy);
  if (first.kind === "admitted" || !first.pair) return first;
  const { channel, account } = update.address;
  return (await deps.store.isPaired({ channel, account, senderId: update.sender.id })) ? admit(update, place.policy, true) : first;
}

/** Decides what one update is, before anything is written. */
async function prepare(update: Update, deps: ReceiveDeps): Promise<Prepared> {
  const { channel, account } = update.address;
  const place = deps.places(channel, account);
  const base = { channel, account, key: update.key, update };
  const entrance = await admission(update, place, deps);
  if (entrance.kind === "refused" || !place) {
    const stranger = { ...base, kind: "refused" as const, senderId: update.sender.id };
    if (entrance.kind === "admitted" || !entrance.tell || jobOf(update)) return { item: stranger };
    return { item: { ...stranger, ...(entrance.pair ? deps.pairing.offer(update) : { notice: strangerNotice(update, deps) }) } };
  }
  const linked = entrance.person === undefined ? place.people?.get(update.sender.id) : undefined;
  const person = entrance.person ?? linked ?? (await deps.people.idOf(channel, account, update.sender));
  const { principal, label } = boundByJob(update, principalOf(update, entrance, { person, linked: linked !== undefined }));
  const { scoped, ...session } = await sessionOf(update, place, principal, deps);
  const job = jobOf(update);
  const ids = { messageId: newId(deps.clock, deps.random), turnId: newId(deps.clock, deps.random) };
  const admitted = {
    ...base,
    ...ids,
    session,
    principal,
    label,
    queueMode: place.queueMode,
    notBefore: 0,
    claim: false,
    address: job?.answerTo ?? update.address,
    options: update.type === "message" ? { ...update.options, ...(job && { job: true as const }) } : {},
  };
  if (job?.reminder) return { item: { ...admitted, kind: "record", ...replyDelivery(admitted.address, messageText((update as MessageUpdate).message), deps) } };
  const command = update.type === "message" && !job && (update.direct || entrance.addressed) ? commandOf(messageText(update.message)) : undefined;
  if (command) {
    const reply = (await repliedBefore(update, deps)) ?? (await deps.commands.run(command, { principal, session, update }));
    return {
      item: { ...admitted, update: { ...update, commandReply: reply } as Update, kind: "record", ...replyDelivery(update.address, reply, deps) },
      command: { name: command, reply },
    };
  }
  const pressed = update.type === "press" ? pressedAnswer(update.data) : undefined;
  if (pressed) {
    const may = update.authenticated === undefined || update.authenticated.approves === true;
    const asker: Principal = may ? principal : { ...principal, class: "guest" };
    const reply = await deps.approvals.answer({ ...pressed, principal: asker, at: update.address, via: update.authenticated ? "client" : "button" });
    return { item: { ...admitted, kind: "record", ...replyDelivery(update.address, reply, deps) }, command: { name: "approve", reply } };
  }
  const entry = await entryOf(update, admitted, deps);
  if (update.type === "edit" || update.type === "deletion") return { item: { ...admitted, kind: update.type, ...(entry && { entry }) } };
  if (!entry) return { item: { ...admitted, kind: "record" } };
  // What is done to a message says something, but asks for nothing.
  if (update.type !== "message" && update.type !== "press") return { item: { ...admitted, kind: "context", entry } };
  const replyTo = update.direct || job ? {} : { replyTo: update.messageId };
  const over = job || !scoped ? undefined : resetWhen(place.reset ?? { mode: "never" }, deps.clock.now(), deps.offsetIn);
  const talk = { ...admitted, ...replyTo, ...(over && { reset: over }) };
  if (!job && !answers(update, place, entrance.addressed || update.type === "press")) return { item: { ...talk, kind: "context", entry } };
  const batch = !job && place.queueMode === "batch";
  return {
    item: {
      ...talk,
      // A job is a turn of its own: it steers nobody's and stops nobody's.
      ...(job && { queueMode: "queue" }),
      kind: "turn",
      entry,
      notBefore: batch ? deps.clock.now() + place.batchQuietMs : 0,
      claim: !batch && deps.lanes.hasRoom(),
    },
  };
}

/** A command that comes again (a retry, a platform that repeats itself) is not run again: later it could do what nobody wants any more. */
async function repliedBefore({ address: { channel, account }, key }: Update, deps: ReceiveDeps): Promise<string | undefined> {
  const seen = await deps.store.getInboxItem({ channel, account, key });
  return seen?.update.type === "message" ? seen.update.commandReply : undefined;
}

/** Whether a message starts a turn, by the owner's reply_back; otherwise it is kept as context. */
function answers(update: Update, place: Place, addressed: boolean): boolean {
  // A client of ours has asked, and waits for it.
  if (place.replyBack === "never") return update.authenticated !== undefined;
  if (update.direct) return true;
  return place.replyBack === "always" || (place.replyBack === "mention" && addressed);
}

/** The transcript entry of a message, or of what was done to one as context behind what was already said. */
async function entryOf(
  update: Update,
  to: Pick<NewEntry, "principal" | "label"> & { turnId: string; messageId: string; session: { key: string } },
  deps: ReceiveDeps,
): Promise<NewEntry | undefined> {
  const message = await messageOf(update, to.session.key, deps.store);
  if (message === undefined) return undefined;
  const content = {
    role: "user" as const,
    message,
    envelope: {
      channel: update.address.channel,
      direct: update.direct,
      at: update.at,
      ...(update.sender.name !== undefined && { sender: update.sender.name }),
    },
    addressed: update.type === "press" || (update.type === "message" && update.addressed),
  };
  return {
    content,
    principal: to.principal,
    label: to.label,
    tokens: estimateEntry(content),
    turnId: to.turnId,
    messageId: to.messageId,
    at: deps.clock.now(),
  };
}

/** What follows the commit: events, the lane, the turn to stop. Never throws. */
function settle(update: Update, prepared: Prepared, output: AcceptOutput, deps: ReceiveDeps): Outcome {
  deps.metrics.count("updates", { channel: update.address.channel, outcome: prepared.command && output.kind === "accepted" ? "command" : output.kind });
  if (output.kind === "duplicate") {
    deps.log.debug("update seen before", { key: update.key, channel: update.address.channel });
    const { messageId, turnId, sessionId, sessionKey: key } = output;
    if (prepared.command && turnId === undefined) return { kind: "command", ...prepared.command, ...(sessionId && { sessionId }) };
    return { kind: "duplicate", ...(messageId && { messageId }), ...(turnId && { turnId }), ...(sessionId && { sessionId }), ...(key && { sessionKey: key }) };
  }
  if (output.kind === "refused") {
    if (output.told) {
      deps.channels.wake(update.address);
      const { item } = prepared;
      if (item.kind === "refused" && item.pairing) deps.hub.publish({ event: "pairing.changed", payload: { pairing_id: item.pairing.id, change: "asked" } });
    }
    return { kind: "refused", reason: "sender is not allowed" };
  }
  if (prepared.command) {
    deps.channels.wake(update.address);
    return { kind: "command", ...prepared.command, sessionId: output.session.id };
  }
  const job = jobOf(update);
  if (job?.reminder) {
    deps.channels.wake(job.answerTo ?? update.address);
    return { kind: "context", messageId: output.messageId, sessionId: output.session.id };
  }
  if (output.ended !== undefined)
    deps.hub.publish({ event: "session.changed", session: output.session.key, payload: { key: output.session.key, change: "reset" } });
  publishAccepted(update, output, deps);
  if (output.interrupts !== undefined && output.turnId !== undefined) deps.lanes.stop({ turnId: output.interrupts }, { kind: "interrupt", by: output.turnId });
  if (output.started) deps.lanes.take(output.started);
  else if (output.turnId !== undefined) deps.lanes.wake(output.session.id);
  if (output.turnId === undefined) return { kind: "context", messageId: output.messageId, sessionId: output.session.id };
  return { kind: "turn", messageId: output.messageId, turnId: output.turnId, sessionId: output.session.id, sessionKey: output.session.key };
}

function publishAccepted(update: Update, output: Accepted, deps: ReceiveDeps): void {
  const session = output.session.key;
  const text = update.type === "message" ? messageText(update.message) : update.type === "press" ? pressedWords(update.data) : undefined;
  if (text !== undefined) {
    const sender = update.sender.name;
    deps.hub.publish({
      event: "message.accepted",
      session,
      payload: {
        message_id: output.messageId,
        text,
        channel: update.address.channel,
        at: deps.clock.now(),
        ...(output.turnId && { turn_id: output.turnId }),
        ...(sender !== undefined && { sender }),
      },
    });
  } else if (update.type === "edit") {
    deps.hub.publish({ event: "message.changed", session, payload: { message_id: output.messageId, change: "edited", text: messageText(update.message) } });
  } else if (update.type === "deletion" || update.type === "reaction") {
    const change = update.type === "deletion" ? "deleted" : "reaction";
    deps.hub.publish({ event: "message.changed", session, payload: { message_id: output.messageId, change } });
  }
  if (output.cancelled !== undefined)
    deps.hub.publish({ event: "turn.ended", session, payload: { turn_id: output.cancelled, outcome: "cancelled", text: "", usage: noUsage } });
  if (output.turnId !== undefined && !output.joined && !output.started)
    deps.hub.publish({ event: "turn.queued", session, payload: { turn_id: output.turnId } });
}

/** A stranger is told once who they are here and how the owner lets them in. */
function strangerNotice(update: Update, deps: ReceiveDeps) {
  const { channel, account } = update.address;
  const where = account === "default" ? `channels.${channel}` : `channels.${channel}.accounts.${account}`;
  const text = `I do not know you yet, so I cannot answer. Your id here is ${update.sender.id}.\nIf you know the owner, ask them to run:\nclanker config set ${where}.allowed_users+ ${update.sender.id}`;
  return {
    id: newId(deps.clock, deps.random),
    address: update.address,
    parts: deps.channels.render(update.address, textMessage(text)),
    expiresAt: deps.clock.now() + NOTICE_TTL_MS,
  };
}

function replyDelivery(address: Address, reply: string, deps: ReceiveDeps) {
  if (!deps.channels.delivers(address)) return {};
  const parts = deps.channels.render(address, textMessage(reply));
  return { reply: { id: newId(deps.clock, deps.random), address, parts, expiresAt: deps.clock.now() + NOTICE_TTL_MS } };
}

function isConflict(update: Update, output: AcceptOutput): boolean {
  if (output.kind !== "duplicate" || update.type !== "message" || update.options?.digest === undefined) return false;
  return output.digest !== undefined && output.digest !== update.options.digest;
}

function idempotencyConflict(update: Update): RequestError {
  return new RequestError("idempotency_conflict", `the key ${JSON.stringify(update.key.replace(/^(idem|hook:[^:]*):/, ""))} was used for another request`, {
    hint: "use a new idempotency_key for a new request",
  });
}

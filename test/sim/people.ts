/** Who talks to the gateways: people on the messenger, a program that repeats its request until it is answered, and the owner at the page. */
import type { MessagePart } from "../../src/core/message.ts";
import { textMessage } from "../../src/core/message.ts";
import type { MessageUpdate, Update } from "../../src/core/update.ts";
import { createKeeper } from "./job-keeper.ts";
import type { Pending } from "./platform.ts";
import { CHANNEL } from "./sim-channel.ts";
import type { SimWorld } from "./sim-world.ts";

export interface People {
  start(): void;
  stop(): void;
}

/** How long a platform or a program waits for an answer before it tries again. */
const PATIENCE_MS = 30_000;
/** How long the owner may think about a question; some expire before. */
const THINKS_MS = { least: 2_000, most: 1_500_000 };
/** Messages without an answer at which people wait: this is about faults, not about floods. */
const CROWD = 60;

export function createPeople(world: SimWorld): People {
  let talking = true;
  const said: MessageUpdate[] = [];
  const keeper = createKeeper(world);

  const talk = () => {
    if (!talking) return;
    // Often several at once.
    const count = world.strikes(0.2) ? 3 : 1;
    if (world.watch.openTurns() < CROWD) for (let i = 0; i < count; i += 1) speak(world, said);
    world.timeline.after(-Math.log(1 - world.between(0, 0.999)) * world.climate.gapMs, undefined, "talk", talk);
  };
  const manage = () => {
    if (!talking) return;
    managePage(world);
    world.timeline.after(world.between(0.5, 1.5) * 60_000, undefined, "page", manage);
  };
  const asked = new Set<string>();
  const decide = () => {
    if (!talking) return;
    answerQuestions(world, asked, () => talking);
    world.timeline.after(world.between(5_000, 60_000), undefined, "questions", decide);
  };
  return {
    start() {
      talk();
      manage();
      decide();
      keeper.start();
    },
    stop() {
      talking = false;
      keeper.stop();
    },
  };
}

function speak(world: SimWorld, said: MessageUpdate[]): void {
  if (world.strikes(0.08)) return ask(world);
  const sender = world.pick(["1", "1", "2", "2", "3", "7"]);
  const conversation = sender === "7" || (sender !== "3" && world.strikes(0.3)) ? "-5" : sender;
  const earlier = said.findLast((one) => one.sender.id === sender);
  const update: Update = earlier && world.strikes(0.06) ? again(world, earlier) : messageOf(world, { sender, conversation, parts: partsOf(world) });
  if (update.type === "message") said.push(update);
  say(world, update);
}

/** The owner sees each open question once and answers it: soon, late, twice, with yes or no, or not at all. */
function answerQuestions(world: SimWorld, asked: Set<string>, talking: () => boolean): void {
  for (const { code } of world.watch.rows<{ code: string }>("SELECT code FROM approvals WHERE status = 'pending' ORDER BY seq")) {
    if (asked.has(code)) continue;
    asked.add(code);
    if (world.strikes(0.15)) continue;
    for (let times = world.strikes(0.2) ? 2 : 1; times > 0; times -= 1) {
      const text = world.pick([`/approve ${code}`, `/approve ${code}`, `/approve ${code} session`, `/deny ${code}`]);
      const late = world.strikes(0.3) ? THINKS_MS.most : 20_000;
      world.timeline.after(world.between(THINKS_MS.least, late), undefined, "answer", () => {
        if (talking()) say(world, messageOf(world, { ...OWNER, parts: [{ type: "text", text }] }));
      });
    }
  }
}

const OWNER = { sender: "1", conversation: "1" };

function say(world: SimWorld, update: Update): void {
  const pending = world.platform.add(update);
  world.trace(undefined, `said ${update.key}`);
  if (world.climate.intake === "webhook") deliver(world, pending);
}

/** An edit of an earlier message, a reaction to it, or that it is deleted. */
function again(world: SimWorld, earlier: MessageUpdate): Update {
  const { address, sender, direct, messageId } = earlier;
  const base = { address, sender, direct, messageId, at: world.wall() };
  const number = world.fresh("");
  if (world.strikes(0.5)) return { ...base, type: "reaction", key: `react:${number}`, emoji: "+", removed: false };
  if (world.strikes(0.3)) return { ...base, type: "deletion", key: `del:${messageId}` };
  return { ...base, type: "edit", key: `edit:${messageId}:${number}`, message: textMessage(`${tagOf(earlier)} edited`) };
}

function tagOf({ message }: MessageUpdate): string {
  const [part] = message.parts;
  return part?.type === "text" ? part.text : "";
}

function messageOf(world: SimWorld, from: { sender: string; conversation: string; parts: readonly MessagePart[] }): MessageUpdate {
  const number = world.fresh("");
  return {
    type: "message",
    key: `msg:${from.conversation}:${number}`,
    messageId: number,
    address: { channel: CHANNEL, account: "default", conversation: from.conversation },
    sender: { id: from.sender, name: `person ${from.sender}` },
    direct: !from.conversation.startsWith("-"),
    at: world.wall(),
    message: { parts: from.parts },
    addressed: !from.conversation.startsWith("-") || world.strikes(0.6),
  };
}

function partsOf(world: SimWorld): MessagePart[] {
  if (world.strikes(0.1)) return [{ type: "text", text: world.pick(["/new", "/stop", "/status", "/whoami", "/help"]) }];
  const tag = world.fresh("m");
  const kind = world.pick(["", "", "", "", "", "slowly", "slowly long", "long", "tool", "tools", "tool slowly", "pay"]);
  const text: MessagePart = { type: "text", text: `${tag} ${world.strikes(0.01) ? "poison" : kind}`.trim() };
  return world.strikes(0.05) ? [text, { type: "media", media: { kind: "document", ref: tag } }] : [text];
}

/** The platform calls us until one call has been answered; several may be under way at once. */
function deliver(world: SimWorld, pending: Pending): void {
  const attempt = () => {
    if (pending.acknowledged) return;
    const [life] = world.platform.down ? [] : shuffled(world, world.ready());
    life?.hall!.intake.receive([pending.update]).then(
      () => life.dead || world.watch.acknowledged(pending),
      () => {},
    );
    world.timeline.after(life ? PATIENCE_MS : 2_000, undefined, "webhook again", attempt);
  };
  world.timeline.after(world.between(1, 300), undefined, "webhook", attempt);
  if (!world.strikes(world.faults.duplicate)) return;
  world.timeline.after(world.between(1, 60_000), undefined, "webhook twice", () => {
    for (const life of shuffled(world, world.ready())) life.hall!.intake.receive([pending.update]).catch(() => {});
  });
}

/** A program with an idempotency key. */
function ask(world: SimWorld): void {
  const number = world.fresh("");
  const update: MessageUpdate = {
    ...messageOf(world, { sender: "api", conversation: "api", parts: [{ type: "text", text: `${world.fresh("m")} by api` }] }),
    key: `idem:${number}`,
    address: { channel: "web", account: "default", conversation: `api${world.pick([1, 2])}` },
    addressed: true,
    authenticated: { person: "owner", class: "owner" },
    options: { session: `agent:main:hook:api${world.pick([1, 2])}`, digest: number },
  };
  const pending = world.watch.asking(update);
  const attempt = () => {
    if (pending.acknowledged) return;
    const [life] = shuffled(world, world.ready());
    life?.hall!.intake.receive([update]).then(
      () => life.dead || world.watch.acknowledged(pending),
      () => {},
    );
    world.timeline.after(life ? PATIENCE_MS : 2_000, undefined, "api again", attempt);
  };
  attempt();
}

/** What the owner does at the page: the operations that the gateway's methods call. */
function managePage(world: SimWorld): void {
  const [life] = shuffled(world, world.ready());
  if (!life) return;
  const now = world.wall();
  const done = (work: Promise<unknown>) => void work.catch(() => {});
  const number = world.fresh("");
  switch (world.pick(["label", "create", "setting", "send", "abort", "reset"])) {
    case "label":
      return done(
        life.store
          .getSession({ key: "agent:main:main" })
          .then((session) => session && life.store.patchSession({ id: session.id, settings: { label: number }, now })),
      );
    case "create": {
      const session = { id: `scratch-${number}`, key: `agent:main:scratch${number}`, agent: "main" };
      const next = { ...session, id: `${session.id}-next` };
      const made = life.store.createSession({ session, now }).then(() => life.store.resetSession({ session: next, now }));
      return done(made.then(() => life.store.deleteSession({ id: session.id })).then(() => life.store.deleteSession({ id: next.id })));
    }
    case "reset":
      // What runs goes on in the old conversation, beside the first turns of the new one.
      say(world, messageOf(world, { ...OWNER, parts: [{ type: "text", text: `${world.fresh("m")} slowly long` }] }));
      return void world.timeline.after(world.between(1_000, 5_000), undefined, "reset", () => {
        done(life.store.resetSession({ session: { id: `main-${number}`, key: "agent:main:main", agent: "main" }, now: world.wall() }));
        for (let i = 0; i < 2; i += 1) say(world, messageOf(world, { ...OWNER, parts: [{ type: "text", text: world.fresh("m") }] }));
      });
    case "setting":
      return done(life.store.setSetting({ name: "note", value: number }));
    case "send":
      return done(life.hall!.send({ channel: CHANNEL, account: "default", conversation: "1" }, textMessage(`note ${number}`)));
    default:
      return done(life.store.getSession({ key: "agent:main:main" }).then((session) => session && life.hall!.abort({ sessionId: session.id })));
  }
}

function shuffled<T>(world: SimWorld, list: readonly T[]): readonly T[] {
  return list.length < 2 ? list : [world.pick(list)];
}

/** The adapter of the simulated messenger: polls or is called, sends and edits, and fails in every way that an adapter is allowed to. */
import type { Channel, ChannelStatus, Receipt, RenderedPart, SendTarget } from "../../src/core/channel.ts";
import { sleep, type Clock } from "../../src/core/clock.ts";
import { ChannelError } from "../../src/core/errors.ts";
import type { Intake } from "../../src/core/intake.ts";
import { messageText } from "../../src/core/message.ts";
import { never } from "./sim-store.ts";
import type { Owner } from "./timeline.ts";
import type { SimWorld } from "./sim-world.ts";

export const CHANNEL = "sim";
const MAX_TEXT = 200;
const POLL_MS = 25_000;

export interface SimChannelDeps {
  readonly clock: Clock;
  readonly intake: () => Intake;
  readonly cursor: () => Promise<string | undefined>;
}

export function createSimChannel(world: SimWorld, owner: Owner, deps: SimChannelDeps): Channel {
  let state: ChannelStatus["state"] = "stopped";
  /** As every adapter does: a conversation that told us to wait is left alone until then. */
  const waits = new Map<string, number>();
  const request = async (kind: "send" | "edit", target: SendTarget, effect: () => Receipt): Promise<Receipt> => {
    const { conversation } = target.address;
    const wait = (waits.get(conversation) ?? 0) - deps.clock.monotonic();
    if (wait > 0) throw new ChannelError("flood", "told to wait", "retry", { retryAfterMs: Math.ceil(wait) });
    try {
      return await speak(world, owner, { kind, target, effect });
    } catch (thrown) {
      if (thrown instanceof ChannelError && thrown.retryAfterMs !== undefined) waits.set(conversation, deps.clock.monotonic() + thrown.retryAfterMs);
      throw thrown;
    }
  };
  return {
    name: CHANNEL,
    account: "default",
    capabilities: {
      maxText: MAX_TEXT,
      edit: world.climate.edit,
      typing: true,
      media: true,
      buttons: false,
      threads: false,
      idempotentSend: world.climate.idempotentSend,
      editPaceMs: 1_000,
    },
    status: () => ({ state }),
    async start(signal) {
      state = "ready";
      if (world.climate.intake === "poll") await poll(world, owner, deps, signal);
      else await new Promise<void>((resolve) => (signal.aborted ? resolve() : signal.addEventListener("abort", () => resolve(), { once: true })));
      state = "stopped";
    },
    render(message): RenderedPart[] {
      const text = messageText(message) || " ";
      return Array.from({ length: Math.ceil(text.length / MAX_TEXT) }, (_, index) => ({
        text: text.slice(index * MAX_TEXT, (index + 1) * MAX_TEXT),
        payload: null,
      }));
    },
    send: (part, target) =>
      request("send", target, () => {
        const { shown, repeated } = world.platform.send({ conversation: target.address.conversation, nonce: target.nonce, text: part.text });
        world.watch.sent(owner, shown, repeated);
        return { messageId: shown.id };
      }),
    edit: async (receipt, part, target) => {
      await request("edit", target, () => {
        world.watch.edited(receipt, part.text, target);
        return receipt;
      });
    },
    async typing() {
      await world.call(owner, "typing", () => {});
    },
    async fetchMedia(_media, signal) {
      if (world.strikes(world.faults.sendRefused)) throw new ChannelError("media_away", "connection refused", "retry");
      const bytes = world.call(owner, "fetchMedia", () => new Uint8Array([1, 2, 3]));
      return { bytes: await until(signal, bytes), type: "application/pdf", name: "a.pdf" };
    },
  };
}

/** One request to the messenger and the ways it fails. A platform that knows nonces may be asked again after a doubt. */
async function speak(
  world: SimWorld,
  owner: Owner,
  { kind, target, effect }: { kind: "send" | "edit"; target: SendTarget; effect: () => Receipt },
): Promise<Receipt> {
  if (owner.dead) return await never();
  const { faults } = world;
  const doubt = world.climate.idempotentSend || kind === "edit" ? "retry" : "unknown";
  const fail = async (code: string, failure: "retry" | "permanent" | "unknown", retryAfterMs?: number): Promise<never> => {
    await world.pause(owner, world.between(1, 200), `${kind} ${code}`);
    throw new ChannelError(code, code, failure, retryAfterMs === undefined ? {} : { retryAfterMs });
  };
  if (world.platform.down || world.strikes(faults.sendRefused)) return await fail("refused", "retry");
  if (world.strikes(faults.send429)) {
    const retryAfterMs = Math.round(world.between(500, 60_000));
    return await fail("flood", "retry", retryAfterMs);
  }
  if (world.strikes(faults.sendForbidden)) return await fail("forbidden", "permanent");
  if (kind === "send") world.watch.asks(target.nonce);
  if (world.strikes(faults.sendHangs)) {
    if (world.strikes(0.5)) void world.call(owner, `${kind} unheard`, effect);
    return await until(target.signal, never()).catch(() => fail("timeout", doubt));
  }
  const answer = world.call(owner, kind, effect);
  if (world.strikes(faults.sendDoubt)) {
    await answer;
    return await fail("closed", doubt);
  }
  return await until(target.signal, answer).catch(() => fail("timeout", doubt));
}

async function until<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return await new Promise<T>((resolve, reject) => {
    const leave = () => reject(new ChannelError("aborted", "aborted", "unknown"));
    if (signal.aborted) leave();
    signal.addEventListener("abort", leave, { once: true });
    const release = () => signal.removeEventListener("abort", leave);
    work.then(
      (value) => {
        release();
        resolve(value);
      },
      (error: unknown) => {
        release();
        reject(error as Error);
      },
    );
  });
}

/** Long polling: an update is confirmed by the next poll's offset, which is sent only when the intake has resolved. */
async function poll(world: SimWorld, owner: Owner, deps: SimChannelDeps, signal: AbortSignal): Promise<void> {
  let offset: number | undefined;
  while (!signal.aborted) {
    try {
      offset ??= Number((await deps.cursor()) ?? "1");
      if (signal.aborted) return;
      const updates = await take(world, owner, offset, signal);
      const last = updates.at(-1);
      if (last === undefined || signal.aborted) continue;
      const next = Math.max(offset, last.number + 1);
      await deps.intake().receive(
        updates.map((one) => one.update),
        { channel: CHANNEL, account: "default", name: "offset", value: String(next) },
      );
      offset = next;
    } catch {
      await sleep(deps.clock, 1_000, signal);
    }
  }
}

async function take(world: SimWorld, owner: Owner, offset: number, signal: AbortSignal) {
  const { platform } = world;
  if (platform.down) throw new ChannelError("refused", "connection refused", "retry");
  await world.call(owner, "poll", () => world.watch.confirmed(offset));
  if (platform.from(offset, 1).length === 0) {
    await new Promise<void>((resolve) => {
      const end = () => {
        cancel();
        off();
        signal.removeEventListener("abort", end);
        resolve();
      };
      const cancel = world.timeline.after(POLL_MS, owner, "poll ends", end);
      const off = platform.onUpdate(() => world.timeline.after(world.between(1, 50), owner, "poll answer", end));
      signal.addEventListener("abort", end, { once: true });
    });
  }
  // Some were handed out before: a confirmation that got lost, or a second way of delivery.
  const from = world.strikes(world.faults.duplicate) ? Math.max(1, offset - 3) : offset;
  return platform.from(from, 1 + Math.floor(world.between(0, 8)));
}

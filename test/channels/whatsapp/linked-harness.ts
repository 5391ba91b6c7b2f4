import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLinked } from "../../../src/channels/whatsapp/linked/create-linked.ts";
import type { LinkedTiming, WhatsappLinkedConfig } from "../../../src/channels/whatsapp/index.ts";
import type { LoginStep, SendTarget } from "../../../src/core/channel.ts";
import { createEntries } from "../../../src/channels/whatsapp/linked/entries.ts";
import type { Keep } from "../../../src/core/keep.ts";
import type { Companions } from "../../../src/core/programs.ts";
import { startCompanion } from "../../../src/security/host/processes/index.ts";
import { createSecretStore, openKeep } from "../../../src/security/host/secrets/index.ts";
import { ANN_JID, type FakeLinked, ME, startFakeLinked } from "../../fakes/whatsapp/linked.ts";
import { type ChannelBench, type ChannelBenchOptions, createChannelBench } from "../harness.ts";

export const ANN = ANN_JID.split("@")[0]!;

const FAST: Partial<LinkedTiming> = { minBackoffMs: 5, maxBackoffMs: 40, refusedMs: 60_000, checkMs: 60_000, aliveMs: 10_000, ackMs: 10_000, callMs: 20_000 };

const CHILD = join(import.meta.dirname, "../../../src/channels/whatsapp/linked/child/main.ts");

export interface LinkedBench extends ChannelBench {
  readonly whatsapp: FakeLinked;
  readonly keep: Keep;
  readonly keepFile: string;
  /** What the account keeps, as it stands on disk. */
  entries(): Promise<ReadonlyMap<string, string>>;
  /** Ids of messages that are kept and not in the inbox yet. */
  readonly waiting: ReadonlySet<string>;
  /** Links the phone and waits until the account is ready. */
  linkPhone(): Promise<void>;
}

export interface LinkedBenchOptions extends ChannelBenchOptions {
  readonly config?: Partial<WhatsappLinkedConfig>;
  readonly timing?: Partial<LinkedTiming>;
  readonly version?: string;
  /** The phone was linked in the life of an earlier process. */
  readonly linked?: boolean;
  /** Where baileys is looked for; default: where the fake is. */
  readonly libraryFolders?: readonly string[];
}

/** The adapter with its real child, in which a fake stands in place of baileys; its keys in a real Keep. */
export async function createLinkedBench(options: LinkedBenchOptions = {}): Promise<LinkedBench> {
  const whatsapp = await startFakeLinked(options.version === undefined ? {} : { version: options.version });
  const folder = await mkdtemp(join(tmpdir(), "clanker-keep-"));
  const secrets = createSecretStore({ folder, key: Buffer.alloc(32, 7).toString("base64") });
  const place = { folder: join(folder, "keeps"), name: "whatsapp.default", secrets };
  const opened = openKeep(place);
  const waiting = new Set<string>();
  const keep: Keep = {
    ...opened,
    async append(record) {
      await opened.append(record);
      for (const [name, value] of Object.entries(JSON.parse(new TextDecoder().decode(record)) as Record<string, string | null>)) {
        if (!name.startsWith("fact:")) continue;
        if (value === null) waiting.delete(name.split(":").at(-1)!);
        else waiting.add(name.split(":").at(-1)!);
      }
    },
  };
  if (options.linked === true) await createEntries(keep).put({ creds: JSON.stringify({ me: ME, account: { details: "x" } }) });
  const companions: Companions = {
    start: (_, limits) => startCompanion(CHILD, [], limits),
    libraryFolders: options.libraryFolders ?? [whatsapp.folder],
  };
  const bench = createChannelBench({ ...options, deps: { companions, keep, ...options.deps } }, (deps) =>
    createLinked({ mode: "linked", account: "default", streaming: true, mark_read: true, ...options.config }, deps, { ...FAST, ...options.timing }),
  );
  const { channel } = bench;
  return {
    ...bench,
    whatsapp,
    keep,
    keepFile: join(folder, "keeps/whatsapp.default.keep"),
    entries: () => createEntries(openKeep(place)).all(),
    waiting,
    async linkPhone() {
      await whatsapp.until(() => channel.status().code === "whatsapp_not_linked");
      const done = (async () => {
        for await (const step of channel.login!.link({}, AbortSignal.timeout(15_000))) if (step.type === "linked") return;
      })();
      await whatsapp.until(() => whatsapp.sockets() > 0);
      await whatsapp.accept();
      await done;
      await whatsapp.until(() => channel.status().state === "ready");
    },
    async close() {
      await bench.close();
      await whatsapp.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Runs `body` with a started bench whose phone was linked before, and closes it whatever happens. */
export async function withLinked(body: (bench: LinkedBench) => Promise<void>, options: LinkedBenchOptions = {}): Promise<void> {
  const bench = await createLinkedBench({ ...options, linked: true });
  try {
    bench.whatsapp.letIn("open");
    bench.start();
    await bench.whatsapp.until(() => bench.channel.status().state === "ready");
    bench.whatsapp.letIn("by hand");
    await body(bench);
  } finally {
    await bench.close();
  }
}

/** The steps of a login as they come. */
export function follow(bench: LinkedBench, request: { phone?: string } = {}) {
  const steps: LoginStep[] = [];
  const stop = new AbortController();
  const done = (async () => {
    for await (const step of bench.channel.login!.link(request, stop.signal)) steps.push(step);
  })();
  done.catch(() => {});
  return { steps, done, stop: () => stop.abort() };
}

let counter = 0;

export function target(conversation: string = ANN, more: Partial<SendTarget> = {}): SendTarget {
  return { address: { channel: "whatsapp", account: "default", conversation }, nonce: `n${++counter}`, signal: new AbortController().signal, ...more };
}

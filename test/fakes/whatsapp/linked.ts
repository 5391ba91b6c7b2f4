/** WhatsApp as a linked device sees it: the child runs for real, with `library.mjs` in place of baileys, and this plays the server behind it. */
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { waitFor } from "../wait-for.ts";

export const ME = { id: "15550001111:7@s.whatsapp.net", lid: "900900900:7@lid", name: "Clanker" };
export const ANN_JID = "4917012345678@s.whatsapp.net";
export const GROUP = "120363012345678901@g.us";

interface Call {
  readonly call: number;
  readonly name: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- what baileys is called with
  readonly args: any[];
}

interface Content {
  readonly text?: string;
  readonly edit?: { readonly id: string };
  readonly delete?: { readonly id: string };
  readonly react?: { readonly key: { readonly id: string }; readonly text: string };
  readonly poll?: { readonly name: string; readonly values: readonly string[] };
}

export type FakeLinked = Awaited<ReturnType<typeof startFakeLinked>>;

export async function startFakeLinked({ version = "7.0.0-rc14" } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "clanker-fake-baileys-"));
  const calls: Call[] = [];
  const receipts: string[] = [];
  const downloads: object[] = [];
  const watchers = new Set<() => void>();
  let wire: Socket | undefined;
  let sockets = 0;
  let children = 0;
  let counter = 0;
  let mute = false;
  let entry: "by hand" | "open" | "closed" = "by hand";
  const posted = new Map<string, { to: string; text: string }>();
  /** Of the account, by message: each person has one. */
  const reactions = new Map<string, string>();
  const polls: { readonly name: string; readonly values: readonly string[] }[] = [];
  /** How the next sends are answered; empty: taken. */
  const fates: ({ readonly refuse: number } | { readonly silent: true } | { readonly throws: { message: string; code?: number } })[] = [];
  const changed = () => watchers.forEach((watch) => watch());
  const order = (message: object) => wire?.write(`${JSON.stringify(message)}\n`);

  const emit = (event: string, payload: object) => order({ do: "emit", event, payload });
  const heard = (message: { tell: string; id: string } & Call) => {
    if (message.tell === "socket") {
      sockets += 1;
      if (entry === "open") emit("connection.update", { connection: "open" });
      if (entry === "closed") emit("connection.update", { connection: "close", reason: 408, message: "Connection was lost" });
    }
    if (message.tell === "receipt") receipts.push(message.id);
    if (message.tell === "download") downloads.push(message);
    if (message.tell === "call") answer(message);
    changed();
  };
  /** What people see of it. */
  const show = (id: string, to: string, { edit, text, delete: gone, react, poll }: Content) => {
    if (text !== undefined) posted.set(edit?.id ?? id, { to, text });
    if (gone !== undefined) posted.delete(gone.id);
    if (react?.text === "") reactions.delete(react.key.id);
    else if (react !== undefined) reactions.set(react.key.id, react.text);
    if (poll !== undefined) polls.push(poll);
  };
  const answer = (call: Call) => {
    calls.push(call);
    if (mute && call.name === "query") return;
    const fate = call.name === "sendMessage" ? fates.shift() : undefined;
    if (fate !== undefined && "throws" in fate) return void order({ do: "answer", call: call.call, error: fate.throws });
    order({ do: "answer", call: call.call, result: call.name === "requestPairingCode" ? "ABCD1234" : {} });
    if (call.name !== "sendMessage") return;
    const id = String((call.args[2] as { messageId: string }).messageId);
    if (fate === undefined || "silent" in fate) show(id, call.args[0] as string, call.args[1] as Content);
    if (fate !== undefined && "silent" in fate) return;
    order({ do: "ack", id, ...(fate === undefined ? {} : { error: (fate as { refuse: number }).refuse }) });
  };
  const server = createServer((socket) => {
    wire = socket;
    children += 1;
    socket.on("error", () => {});
    socket.once("close", () => {
      if (wire === socket) wire = undefined;
      changed();
    });
    const lines = createInterface({ input: socket });
    // A child that is ended while it speaks.
    lines.on("error", () => {});
    lines.on("line", (line) => heard(JSON.parse(line) as never));
    changed();
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const installed = join(folder, "node_modules/baileys");
  await mkdir(installed, { recursive: true });
  await copyFile(join(import.meta.dirname, "library.mjs"), join(installed, "index.js"));
  await writeFile(join(installed, "package.json"), JSON.stringify({ name: "baileys", version, type: "module", main: "index.js" }));
  await writeFile(join(installed, "port.txt"), String((server.address() as AddressInfo).port));

  const until = (condition: () => boolean) => waitFor(watchers, condition);
  return {
    folder,
    calls,
    receipts,
    downloads,
    fates,
    reactions,
    polls,
    sockets: () => sockets,
    children: () => children,
    alive: () => wire !== undefined,
    emit,
    until,
    /** How each new connection is answered from now on. */
    letIn: (how: typeof entry) => void (entry = how),
    /** Texts at a place as they stand now, oldest first. */
    standing: (to: string) => [...posted.values()].filter((one) => one.to === to).map(({ text }) => text),
    /** From now on WhatsApp does not answer questions. */
    deaf: (yes: boolean) => void (mute = yes),
    qr: (text: string) => emit("connection.update", { qr: text }),
    /** The phone has accepted: keys change, and WhatsApp asks for a new connection. */
    async accept() {
      order({ do: "creds", update: { me: ME, account: { details: "x" }, registered: true } });
      const before = sockets;
      emit("connection.update", { connection: "close", reason: 515, message: "Stream Errored (restart required)" });
      await until(() => sockets > before);
      emit("connection.update", { connection: "open" });
    },
    open: () => emit("connection.update", { connection: "open" }),
    close: (reason: number, message?: string) => emit("connection.update", { connection: "close", reason, ...(message === undefined ? {} : { message }) }),
    crash: () => order({ do: "crash" }),
    /** Somebody writes. @param options.silent the child ends before baileys tells of it. @returns the message's id */
    say(message: object, { from = ANN_JID, participant, pn, id = `3EB0AAAA${++counter}`, silent = false }: SayOptions = {}): string {
      const attrs = {
        id,
        from,
        t: String(Math.floor(Date.now() / 1_000)),
        notify: "Ann",
        ...(participant === undefined ? {} : { participant }),
        ...(pn === undefined ? {} : { [participant === undefined ? "sender_pn" : "participant_pn"]: pn }),
      };
      order({ do: "deliver", node: { attrs, message }, silent });
      return id;
    },
    sent: () => calls.filter(({ name }) => name === "sendMessage").map(({ args }) => ({ to: args[0] as string, content: args[1], ...args[2] })),
    async stop() {
      wire?.destroy();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface SayOptions {
  readonly from?: string;
  readonly participant?: string;
  /** The number that goes with an id that hides it. */
  readonly pn?: string;
  readonly id?: string;
  readonly silent?: boolean;
}

/**
 * One connection to WhatsApp. Always true: a message is on the gateway's disk before its receipt is sent (P1). baileys sends the receipt by itself as soon as a message is
 * decrypted, and tells of it only afterwards; so the decryption is where we keep it (QUIRKS.md).
 */
import type { BinaryNode, GroupMetadata, proto, WAMessage, WASocket } from "baileys";
import { FACT_PREFIX, type Fact, type FromChild } from "../protocol.ts";
import { toFact } from "./facts.ts";
import type { Keys } from "./keys.ts";
import type { Library } from "./library.ts";

export interface Session {
  readonly socket: WASocket;
  /** Settles when WhatsApp has taken the message, with its error if it has refused it. To be asked before the message is written. */
  acknowledged(id: string): Promise<number | undefined>;
  forget(id: string): void;
  /** What was said, for the quotes of answers; of the newest messages alone. */
  readonly recent: ReadonlyMap<string, WAMessage>;
  close(): void;
}

export interface SessionOptions {
  readonly library: Library;
  readonly keys: Keys;
  readonly phone?: string | undefined;
  readonly tell: (message: FromChild) => void;
}

const MAX_RECENT = 500;

/** libsignal prints keys where it logs, so nothing is logged at all. */
const silent = { level: "silent", child: () => silent, trace() {}, debug() {}, info() {}, warn() {}, error() {} };

export function openSession({ library, keys, phone, tell }: SessionOptions): Session {
  const { auth } = keys;
  const arrived = new WeakMap<object, BinaryNode>();
  const recent = new Map<string, WAMessage>();
  const waiting = new Map<string, (error: number | undefined) => void>();
  const remember = (message: WAMessage) => {
    if (!message.key.id || !message.message) return;
    recent.set(message.key.id, message);
    if (recent.size > MAX_RECENT) recent.delete(recent.keys().next().value!);
  };
  const journal = async (ciphertext: object, plain: Uint8Array) => {
    const node = arrived.get(ciphertext);
    const fact = node && factOf(library, node, { me: auth.creds.me, plain });
    if (fact !== undefined) await keys.keep({ [`${FACT_PREFIX}${fact.chat}:${fact.sender}:${fact.id}`]: JSON.stringify(fact) });
  };
  const groups = createGroups();
  const socket: WASocket = library.makeWASocket({
    auth,
    logger: silent,
    // The phone goes on to notify its owner.
    markOnlineOnConnect: false,
    // What was said before the link, or is synchronised later, is nobody's news.
    syncFullHistory: false,
    shouldSyncHistoryMessage: () => false,
    cachedGroupMetadata: (jid) => groups.get(jid, () => socket.groupMetadata(jid)),
    getMessage: async ({ id }) => recent.get(id ?? "")?.message ?? undefined,
    makeSignalRepository: (...args) => {
      const repository = library.DEFAULT_CONNECTION_CONFIG.makeSignalRepository(...args);
      return {
        ...repository,
        async decryptMessage(options) {
          const plain = await repository.decryptMessage(options);
          await journal(options.ciphertext, plain);
          return plain;
        },
        async decryptGroupMessage(options) {
          const plain = await repository.decryptGroupMessage(options);
          await journal(options.msg, plain);
          return plain;
        },
      };
    },
  });
  // Before baileys' own listeners have begun to decrypt, which waits for other things first.
  socket.ws.prependListener("CB:message", (node: BinaryNode) => {
    for (const part of Array.isArray(node.content) ? node.content : []) if (part.content instanceof Uint8Array) arrived.set(part.content, node);
  });
  socket.ws.on("CB:ack,class:message", ({ attrs }: BinaryNode) =>
    waiting.get(attrs["id"] ?? "")?.(attrs["error"] === undefined ? undefined : Number(attrs["error"])),
  );
  let asked = false;
  socket.ev.on("creds.update", (update) => {
    Object.assign(auth.creds, update);
    void keys.saveCreds();
  });
  socket.ev.on("connection.update", ({ connection, lastDisconnect, qr }) => {
    if (qr !== undefined && phone === undefined) tell({ type: "qr", text: qr });
    if (qr !== undefined && phone !== undefined && !asked) {
      asked = true;
      socket.requestPairingCode(phone).then(
        (code) => tell({ type: "code", code }),
        (error: unknown) => tell({ type: "disconnected", message: `no pairing code: ${error instanceof Error ? error.message : "refused"}` }),
      );
    }
    const { me } = auth.creds;
    if (connection === "open" && me) tell({ type: "connected", me: { id: me.id, ...(me.lid ? { lid: me.lid } : {}), ...(me.name ? { name: me.name } : {}) } });
    if (connection === "close") {
      const error = lastDisconnect?.error as (Error & { output?: { statusCode?: number } }) | undefined;
      const reason = error?.output?.statusCode;
      tell({ type: "disconnected", message: error?.message ?? "closed", ...(reason === undefined ? {} : { reason }) });
    }
  });
  socket.ev.on("groups.update", (changed) => changed.forEach(({ id }) => groups.forget(id)));
  socket.ev.on("group-participants.update", ({ id }) => groups.forget(id));
  socket.ev.on("messages.upsert", ({ messages }) => {
    for (const message of messages) {
      remember(message);
      const fact = toFact(library, message);
      if (fact !== undefined) tell({ type: "fact", fact });
    }
  });
  return {
    socket,
    recent,
    acknowledged: (id) => new Promise((resolve) => void waiting.set(id, resolve)),
    forget: (id) => void waiting.delete(id),
    close: () => void socket.end(undefined),
  };
}

const MAX_GROUPS = 500;

/** Who is in which group: asked for with each message that goes there, WhatsApp soon refuses to say. */
function createGroups() {
  const known = new Map<string, Promise<GroupMetadata>>();
  return {
    get(jid: string, ask: () => Promise<GroupMetadata>): Promise<GroupMetadata> {
      const found = known.get(jid) ?? ask();
      known.set(jid, found);
      found.catch(() => known.delete(jid));
      if (known.size > MAX_GROUPS) known.delete(known.keys().next().value!);
      return found;
    },
    forget: (jid: string | undefined) => void known.delete(jid ?? ""),
  };
}

/** A message that is being decrypted, read as baileys will read it in a moment. */
function factOf(library: Library, node: BinaryNode, { me, plain }: { me: { id: string; lid?: string } | undefined; plain: Uint8Array }): Fact | undefined {
  try {
    const { fullMessage } = library.decodeMessageNode(node, me?.id ?? "", me?.lid ?? "");
    const message: proto.IMessage = library.proto.Message.decode(library.unpadRandomMax16(plain));
    return toFact(library, { ...fullMessage, message: message.deviceSentMessage?.message ?? message });
  } catch {
    // baileys will fail on it in the same way, and ask for it again.
    return undefined;
  }
}

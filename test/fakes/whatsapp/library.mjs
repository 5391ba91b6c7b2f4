// Stands in place of baileys in the child: the same names, as far as the child uses them, and a WhatsApp behind them that the test plays over a socket. What it throws
// at its user is what baileys' documentation asks of a user.
import { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";

const port = Number(readFileSync(new URL("./port.txt", import.meta.url), "utf8"));
const wire = connect(port, "127.0.0.1");
const say = (message) => wire.write(`${JSON.stringify(message)}\n`);
let socket;

// As libsignal does.
console.log("Closing session: SessionEntry", { privKey: "canary-private-key" });

export const BufferJSON = {
  replacer: (_, value) => (value?.type === "Buffer" ? { type: "Buffer", data: Buffer.from(value.data).toString("base64") } : value),
  reviver: (_, value) => (value?.type === "Buffer" && typeof value.data === "string" ? Buffer.from(value.data, "base64") : value),
};

export const initAuthCreds = () => ({ noiseKey: { private: Buffer.from("canary-noise-key"), public: Buffer.from("p") }, registered: false });

export const proto = {
  Message: {
    ProtocolMessage: { Type: { REVOKE: 0, MESSAGE_EDIT: 14 } },
    AppStateSyncKeyData: { fromObject: (value) => value },
    decode: (bytes) => revive(JSON.parse(Buffer.from(bytes).toString("utf8"))),
  },
};

/** Bytes travel as base64 below a key that says so. */
function revive(value) {
  if (typeof value !== "object" || value === null) return value;
  if (typeof value.$bytes === "string") return Buffer.from(value.$bytes, "base64");
  return Array.isArray(value) ? value.map(revive) : Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revive(inner)]));
}

export const unpadRandomMax16 = (bytes) => bytes;
export const jidNormalizedUser = (jid) => jid.replace(/:\d+@/, "@");
export const normalizeMessageContent = (content) => content?.ephemeralMessage?.message ?? content?.editedMessage?.message ?? content ?? undefined;

export const decodeMessageNode = ({ attrs }, meId) => {
  const group = attrs.from.endsWith("@g.us");
  const key = {
    remoteJid: attrs.from,
    id: attrs.id,
    fromMe: attrs.participant === meId || attrs.from === meId,
    ...(group ? { participant: attrs.participant, participantAlt: attrs.participant_pn } : { remoteJidAlt: attrs.sender_pn }),
  };
  return { fullMessage: { key, messageTimestamp: Number(attrs.t), pushName: attrs.notify } };
};

export const DEFAULT_CONNECTION_CONFIG = {
  makeSignalRepository: (auth) => ({
    lidMapping: {},
    async decryptMessage({ ciphertext }) {
      // A ratchet moves with each message, and is kept before the message is.
      await auth.keys.set({ session: { "peer.0": Buffer.from(`ratchet-${Date.now()}`) } });
      return Buffer.from(ciphertext);
    },
    async decryptGroupMessage({ msg }) {
      return Buffer.from(msg);
    },
  }),
};

export const downloadContentFromMessage = async ({ mediaKey, directPath }, type) => {
  if (Buffer.from(mediaKey).toString() !== "file-key") throw new Error("bad mac");
  say({ tell: "download", directPath, type });
  return Readable.from([Buffer.from("first "), Buffer.from("second")]);
};

export function makeWASocket(config) {
  for (const need of ["auth", "logger", "getMessage", "makeSignalRepository"]) if (config[need] === undefined) throw new Error(`${need} is missing`);
  if (config.shouldSyncHistoryMessage({}) !== false || config.syncFullHistory !== false || config.markOnlineOnConnect !== false)
    throw new Error("history or presence");
  const repository = config.makeSignalRepository(config.auth, config.logger, () => undefined);
  const one = {
    ev: new EventEmitter(),
    ws: new EventEmitter(),
    open: false,
    used: new Set(),
    calls: 0,
    waiting: new Map(),
    end() {
      one.open = false;
      say({ tell: "ended" });
    },
  };
  const asked = (name, args) =>
    new Promise((resolve, reject) => {
      if (!one.open && name !== "requestPairingCode") throw Object.assign(new Error("Connection Closed"), { output: { statusCode: 428 } });
      const call = ++one.calls;
      one.waiting.set(call, { resolve, reject });
      say({ tell: "call", call, name, args });
    });
  for (const name of ["groupMetadata", "sendPresenceUpdate", "readMessages", "query", "logout", "requestPairingCode"])
    one[name] = (...args) => asked(name, args);
  one.generateMessageTag = () => `tag${one.calls}`;
  one.sendMessage = async (jid, content, options = {}) => {
    if (!/@(s\.whatsapp\.net|g\.us|lid)$/.test(jid)) throw new Error(`not a jid: ${jid}`);
    if (!options.messageId || one.used.has(options.messageId)) throw new Error("a message wants an id of its own");
    one.used.add(options.messageId);
    // Who shall be able to read it?
    if (jid.endsWith("@g.us")) await config.cachedGroupMetadata(jid);
    const bytes = Object.entries(content).flatMap(([key, value]) => (Buffer.isBuffer(value) ? [[key, value.length]] : []));
    await asked("sendMessage", [
      jid,
      { ...content, ...Object.fromEntries(bytes.map(([key, size]) => [key, `${size} bytes`])) },
      { messageId: options.messageId, quoted: options.quoted?.key?.id },
    ]);
    return { key: { remoteJid: jid, id: options.messageId, fromMe: true } };
  };
  one.deliver = async (node, silent) => {
    const content = [{ tag: "enc", attrs: { type: node.attrs.from.endsWith("@g.us") ? "skmsg" : "msg" }, content: Buffer.from(JSON.stringify(node.message)) }];
    const stanza = { tag: "message", attrs: node.attrs, content };
    one.ws.emit("CB:message", stanza);
    await Promise.resolve();
    const group = node.attrs.from.endsWith("@g.us");
    const plain = group
      ? await repository.decryptGroupMessage({ group: node.attrs.from, authorJid: node.attrs.participant, msg: content[0].content })
      : await repository.decryptMessage({ jid: node.attrs.from, type: "msg", ciphertext: content[0].content });
    // From here on WhatsApp does not send it again.
    say({ tell: "receipt", id: node.attrs.id });
    if (silent) return;
    const { fullMessage } = decodeMessageNode(stanza, config.auth.creds.me?.id);
    one.ev.emit("messages.upsert", { type: "notify", messages: [{ ...fullMessage, message: proto.Message.decode(plain) }] });
  };
  one.auth = config.auth;
  one.getMessage = config.getMessage;
  socket = one;
  say({ tell: "socket", creds: config.auth.creds });
  return one;
}

const orders = {
  emit: ({ event, payload }) => {
    if (event === "connection.update" && payload.connection === "open") socket.open = true;
    if (event === "connection.update" && payload.connection === "close") {
      socket.open = false;
      const { reason, message = "closed" } = payload;
      return socket.ev.emit(event, { connection: "close", lastDisconnect: { error: Object.assign(new Error(message), { output: { statusCode: reason } }) } });
    }
    return socket.ev.emit(event, payload);
  },
  creds: async ({ update }) => {
    Object.assign(socket.auth.creds, update);
    socket.ev.emit("creds.update", update);
    await socket.auth.keys.set({ "pre-key": { 1: { private: Buffer.from("canary-pre-key") } } });
    say({ tell: "creds" });
  },
  deliver: ({ node, silent }) => socket.deliver(node, silent),
  answer: ({ call, result, error }) => {
    const waiting = socket.waiting.get(call);
    socket.waiting.delete(call);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(Object.assign(new Error(error.message), { output: { statusCode: error.code } }));
  },
  ack: ({ id, error }) => socket.ws.emit("CB:ack,class:message", { attrs: { id, ...(error === undefined ? {} : { error: String(error) }) } }),
  crash: () => {
    setImmediate(() => {
      throw new Error("canary: baileys has broken");
    });
  },
};

createInterface({ input: wire }).on("line", (line) => {
  const order = JSON.parse(line);
  void orders[order.do](order);
});

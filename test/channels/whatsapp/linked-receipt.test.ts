/** With the real baileys and libsignal, against a WebSocket that says nothing: an encrypted message is kept before its receipt goes out. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import * as library from "baileys";
import { WebSocketServer } from "ws";
import { createKeys } from "../../../src/channels/whatsapp/linked/child/keys.ts";
import { openSession } from "../../../src/channels/whatsapp/linked/child/session.ts";
import type { Fact, FromChild } from "../../../src/channels/whatsapp/linked/protocol.ts";
import { ANN_JID, ME } from "../../fakes/whatsapp/linked.ts";

const log = { level: "silent", child: () => log, trace() {}, debug() {}, info() {}, warn() {}, error() {} };
const text = (value: unknown) => JSON.stringify(value, library.BufferJSON.replacer);

/** Ann's side: her keys, and a session with us made from what we have published. */
async function encryptedForUs(us: library.AuthenticationCreds, words: string): Promise<{ ciphertext: Uint8Array; preKey: library.KeyPair }> {
  const hers = createKeys(library, {}, async () => {});
  hers.auth.creds.me = { id: ANN_JID };
  const keys = library.addTransactionCapability(hers.auth.keys, log, { maxCommitRetries: 1, delayBetweenTriesMs: 1 });
  const repository = library.DEFAULT_CONNECTION_CONFIG.makeSignalRepository({ creds: hers.auth.creds, keys }, log, async () => undefined);
  const preKey = library.Curve.generateKeyPair();
  const { signedPreKey, registrationId, signedIdentityKey } = us;
  const published = (key: Uint8Array) => library.generateSignalPubKey(key);
  await repository.injectE2ESession({
    jid: ME.id,
    session: {
      registrationId,
      identityKey: published(signedIdentityKey.public),
      signedPreKey: { keyId: signedPreKey.keyId, publicKey: published(signedPreKey.keyPair.public), signature: signedPreKey.signature },
      preKey: { keyId: 1, publicKey: published(preKey.public) },
    },
  });
  const { ciphertext, type } = await repository.encryptMessage({ jid: ME.id, data: library.encodeWAMessage({ conversation: words }) });
  assert.equal(type, "pkmsg");
  return { ciphertext, preKey };
}

test("fault-1 the real library sends no receipt before the decrypted message is on disk", { timeout: 30_000 }, async () => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  const frames: Buffer[] = [];
  server.on("connection", (socket) => socket.on("message", (bytes) => void frames.push(bytes as Buffer)));
  const kept: Record<string, string | null>[] = [];
  const gate = Promise.withResolvers<void>();
  const keeping = Promise.withResolvers<void>();
  const told = Promise.withResolvers<Fact>();
  const made = createKeys(library, {}, async () => {});
  made.auth.creds.me = ME;
  const { ciphertext, preKey } = await encryptedForUs(made.auth.creds, "kept first");
  const keys = createKeys(library, { creds: text(made.auth.creds), "key:pre-key:1": text(preKey) }, async (changes) => {
    kept.push(changes);
    if (!Object.keys(changes).some((name) => name.startsWith("fact:"))) return;
    keeping.resolve();
    await gate.promise;
  });
  const loopback = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const session = openSession({
    library: {
      ...library,
      makeWASocket: (config: library.UserFacingSocketConfig) => library.makeWASocket({ ...config, waWebSocketUrl: loopback }),
    } as typeof library,
    keys,
    tell: (message: FromChild) => message.type === "fact" && told.resolve(message.fact),
  });
  try {
    await once(session.socket.ws, "open");
    while (frames.length === 0) await new Promise((resolve) => void setTimeout(resolve, 5));
    const hello = frames.length;
    // The id that hides her number comes with it; else baileys would ask the server.
    const attrs = { id: "3EB0REAL", from: ANN_JID, sender_lid: "555@lid", addressing_mode: "pn", t: "1700000000", notify: "Ann", type: "text" };
    session.socket.ws.emit("CB:message", { tag: "message", attrs, content: [{ tag: "enc", attrs: { v: "2", type: "pkmsg" }, content: ciphertext }] });
    await keeping.promise;
    await new Promise((resolve) => void setImmediate(resolve));
    assert.equal(frames.length, hello, "nothing was sent while the message was not on disk");
    const name = Object.keys(kept.at(-1)!)[0]!;
    assert.equal(name, `fact:${ANN_JID}:${ANN_JID}:3EB0REAL`);
    gate.resolve();
    const fact = await told.promise;
    assert.deepEqual(fact.content, { text: "kept first" });
    assert.deepEqual(JSON.parse(kept.find((changes) => name in changes)![name]!), fact, "what was kept is what is told");
    while (frames.length === hello) await new Promise((resolve) => void setTimeout(resolve, 5));
  } finally {
    gate.resolve();
    session.close();
    for (const socket of server.clients) socket.terminate();
    await new Promise<void>((resolve) => void server.close(() => resolve()));
  }
});

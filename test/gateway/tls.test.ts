import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { generate } from "selfsigned";
import { WebSocket } from "ws";
import { pinnedSocket } from "../../src/cli/pinned-socket.ts";
import { createClient } from "../../src/client/index.ts";
import { readCertificate, requireKeyOf } from "../../src/gateway/tls/certificate.ts";
import { createSelfSigned } from "../../src/gateway/tls/self-signed.ts";
import { openTestGateway, TOKEN, type TestGateway } from "./open-test-gateway.ts";

const DAY = 24 * 3_600_000;

describe("a self-signed certificate", () => {
  test("is for the names and addresses it was made for, serves alone, and is valid now and for less than 825 days", async () => {
    const now = Date.UTC(2026, 10, 21);
    const { cert, key } = await createSelfSigned(["localhost", "clanker.example.com", "127.0.0.1", "::1", "192.168.1.5"], now);
    const certificate = new X509Certificate(cert);
    for (const host of ["localhost", "clanker.example.com"]) assert.equal(certificate.checkHost(host), host);
    for (const ip of ["127.0.0.1", "::1", "192.168.1.5"]) assert.equal(certificate.checkIP(ip), ip);
    assert.equal(certificate.checkHost("evil.example.com"), undefined);
    assert.equal(certificate.ca, false);
    assert.deepEqual(certificate.keyUsage, ["1.3.6.1.5.5.7.3.1"]);
    assert.ok(certificate.verify(certificate.publicKey));
    assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
    assert.ok(certificate.validFromDate.getTime() < now && certificate.validToDate.getTime() - certificate.validFromDate.getTime() <= 825 * DAY);
    const { fingerprint, names, covers } = readCertificate(cert);
    assert.equal(fingerprint, certificate.fingerprint256);
    assert.deepEqual(names, ["localhost", "clanker.example.com"]);
    assert.deepEqual([covers("::1"), covers("10.0.0.1"), covers("localhost"), covers("other")], [true, false, true, false]);
    requireKeyOf(cert, key);
    const other = await createSelfSigned(["localhost"], now);
    assert.throws(() => requireKeyOf(cert, other.key), { code: "tls_unusable" });
    assert.throws(() => requireKeyOf(cert, "no key"), { code: "tls_unusable" });
    assert.throws(() => readCertificate("no certificate"), { code: "tls_unusable" });
  });
});

describe("a gateway with TLS", () => {
  let own: { cert: string; key: string };
  let gateway: TestGateway | undefined;
  let folder: string;
  before(async () => {
    own = await createSelfSigned(["localhost", "127.0.0.1", "clanker.example.com"], Date.now());
    folder = await mkdtemp(join(tmpdir(), "clanker-tls-"));
  });
  after(() => rm(folder, { recursive: true }));
  afterEach(async () => {
    await gateway?.stop();
    gateway = undefined;
  });
  const open = async (clientCa?: string) =>
    (gateway = await openTestGateway({ options: { tls: { ...own, ...(clientCa === undefined ? {} : { clientCa }) } } }));

  const get = (port: number, options: { path?: string; headers?: Record<string, string>; cert?: string; key?: string }) =>
    new Promise<number>((resolve, reject) => {
      const { path = "/api/ping", headers = {}, ...tls } = options;
      const sent = request({
        host: "127.0.0.1",
        port,
        path,
        ca: own.cert,
        servername: "localhost",
        agent: false,
        headers: { authorization: `Bearer ${TOKEN}`, ...headers },
        ...tls,
      });
      sent.on("response", (response) => {
        response.resume();
        resolve(response.statusCode!);
      });
      sent.on("error", reject).end();
    });

  const knock = (port: number, headers: Record<string, string>) =>
    new Promise<number>((resolve) => {
      const socket = new WebSocket(`wss://127.0.0.1:${port}/ws`, { ca: own.cert, headers });
      socket.on("unexpected-response", (_, response) => {
        response.resume();
        resolve(response.statusCode!);
      });
      socket.on("open", () => {
        socket.terminate();
        resolve(101);
      });
      socket.on("error", () => {});
    });

  test("serves https and wss, knows the certificate's names, and tells plain http nothing", async () => {
    const { port } = await open();
    assert.equal(await get(port, {}), 200);
    assert.equal(await get(port, { headers: { host: "clanker.example.com" } }), 200);
    assert.equal(await get(port, { headers: { host: "attacker.tld" } }), 421);
    assert.equal(await knock(port, { origin: `https://127.0.0.1:${port}` }), 101);
    assert.equal(await knock(port, { origin: `https://clanker.example.com:${port}` }), 101);
    assert.equal(await knock(port, { origin: "https://evil.example" }), 403);
    const plain = connect(port, "127.0.0.1");
    let said = "";
    plain.on("data", (data) => (said += String(data)));
    plain.on("error", () => {});
    plain.write("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await once(plain, "close");
    assert.doesNotMatch(said, /up/);
  });

  test("a page served without encryption may not open its socket", async () => {
    const { port } = await open();
    assert.equal(await knock(port, { origin: `http://127.0.0.1:${port}` }), 403);
    assert.equal(await knock(port, { origin: `http://localhost:${port}` }), 403);
  });

  test("sec-86 the command line accepts the gateway's own certificate by its fingerprint and no other", async () => {
    const { port } = await open();
    const sign = (pin: { certificate: string; fingerprint: string }) =>
      createClient({ url: `wss://127.0.0.1:${port}/ws`, token: TOKEN, WebSocket: pinnedSocket(pin, undefined), retryMs: 60_000 });
    const { pem, fingerprint } = readCertificate(own.cert);
    const client = sign({ certificate: pem, fingerprint });
    assert.equal((await client.connect()).protocol, 1);
    client.close();
    const other = readCertificate((await createSelfSigned(["localhost", "127.0.0.1"], Date.now())).cert);
    for (const pin of [
      { certificate: other.pem, fingerprint: other.fingerprint },
      { certificate: pem, fingerprint: other.fingerprint },
    ]) {
      const refused = sign(pin);
      const waiting = new Promise((resolve) => refused.on("state", (state) => state === "waiting" && resolve(state)));
      const never = refused.connect().catch(() => "closed");
      await waiting;
      refused.close();
      assert.equal(await never, "closed");
      assert.equal(gateway!.gateway.registry.methods.size > 0, true);
    }
  });

  test("a certificate of an authority is pinned too, without its authority and whatever host it is for", async () => {
    const authority = await generate([{ name: "commonName", value: "Authority" }], CA);
    const leaf = await generate([{ name: "commonName", value: "gateway.example.org" }], { ...LEAF, ca: { cert: authority.cert, key: authority.private } });
    gateway = await openTestGateway({ options: { tls: { cert: leaf.cert, key: leaf.private } } });
    const { pem, fingerprint } = readCertificate(leaf.cert);
    const client = createClient({
      url: `wss://127.0.0.1:${gateway.port}/ws`,
      token: TOKEN,
      WebSocket: pinnedSocket({ certificate: pem, fingerprint }, undefined),
    });
    assert.equal((await client.connect()).protocol, 1);
    client.close();
  });

  test("with client_ca nobody without a certificate of it gets a word in, whatever token they have", async () => {
    const authority = await generate([{ name: "commonName", value: "Clients" }], CA);
    const stranger = await generate([{ name: "commonName", value: "Strangers" }], CA);
    const of = (ca: typeof authority) => generate([{ name: "commonName", value: "laptop" }], { ...LEAF, ca: { cert: ca.cert, key: ca.private } });
    const [good, bad] = [await of(authority), await of(stranger)];
    const { port } = await open(authority.cert);
    assert.equal(await get(port, { cert: good.cert, key: good.private }), 200);
    await assert.rejects(get(port, {}));
    await assert.rejects(get(port, { cert: bad.cert, key: bad.private }));
    const files = { cert: join(folder, "client.crt"), key: join(folder, "client.key") };
    await writeFile(files.cert, good.cert);
    await writeFile(files.key, good.private);
    const { pem, fingerprint } = readCertificate(own.cert);
    const client = createClient({ url: `wss://127.0.0.1:${port}/ws`, token: TOKEN, WebSocket: pinnedSocket({ certificate: pem, fingerprint }, files) });
    assert.equal((await client.connect()).protocol, 1);
    client.close();
    assert.throws(() => pinnedSocket({ certificate: pem, fingerprint }, { ...files, key: join(folder, "gone") }), { code: "client_certificate_unreadable" });
  });
});

const EXTENSIONS = { keyType: "ec", curve: "P-256", algorithm: "sha256" } as const;
const CA = {
  ...EXTENSIONS,
  extensions: [
    { name: "basicConstraints", cA: true, critical: true },
    { name: "keyUsage", keyCertSign: true, critical: true },
  ],
} satisfies Parameters<typeof generate>[1];
const LEAF = {
  ...EXTENSIONS,
  extensions: [
    { name: "basicConstraints", cA: false },
    { name: "keyUsage", digitalSignature: true },
  ],
} satisfies Parameters<typeof generate>[1];

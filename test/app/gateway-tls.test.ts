import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { loadGatewayTls } from "../../src/app/gateway-tls.ts";
import { systemClock } from "../../src/app/system.ts";
import { createSelfSigned } from "../../src/gateway/tls/self-signed.ts";
import { scratchHome } from "../config/scratch-home.ts";

const TLS = "[gateway.tls]\nenabled = true\n";
const DAY = 24 * 3_600_000;

test("the self-signed certificate is kept, and made anew when it runs out, lacks a name of the config or is spoilt", async () => {
  using home = scratchHome({ "config.toml": TLS, "data/.keep": "" });
  const load = async (later = 0) => (await loadGatewayTls(await home.load(), { ...systemClock, now: () => Date.now() + later }))!;
  const first = await load();
  assert.equal(first.selfSigned, true);
  assert.equal((await load()).certificate.fingerprint, first.certificate.fingerprint);
  assert.equal((await load(790 * DAY)).certificate.fingerprint, first.certificate.fingerprint);
  const renewed = await load(800 * DAY);
  assert.notEqual(renewed.certificate.fingerprint, first.certificate.fingerprint);
  writeFileSync(join(home.folder, "config.toml"), `[gateway]\nhosts = ["clanker.example.com"]\n${TLS}`);
  const named = await load();
  assert.equal(named.certificate.covers("clanker.example.com"), true);
  const { dataFolder } = (await home.load()).places;
  const file = join(dataFolder, "gateway-tls.pem");
  writeFileSync(file, readFileSync(file, "utf8").slice(0, 300));
  assert.equal((await load()).certificate.covers("clanker.example.com"), true);
});

test("an own certificate is read beside the config, and what is unreadable or does not fit is named", async () => {
  const own = await createSelfSigned(["localhost"], Date.now());
  const other = await createSelfSigned(["localhost"], Date.now());
  using home = scratchHome({ "config.toml": `${TLS}cert = "own.crt"\nkey = "own.key"\n`, "own.crt": own.cert, "own.key": own.key });
  const loaded = await loadGatewayTls(await home.load(), systemClock);
  assert.deepEqual([loaded?.selfSigned, loaded?.options.key], [false, own.key]);
  for (const spoil of [other.key, "nothing"]) {
    writeFileSync(join(home.folder, "own.key"), spoil);
    await assert.rejects(loadGatewayTls(await home.load(), systemClock), { code: "tls_unusable" });
  }
  writeFileSync(join(home.folder, "config.toml"), `${TLS}cert = "gone.crt"\nkey = "own.key"\n`);
  await assert.rejects(loadGatewayTls(await home.load(), systemClock), /gone\.crt cannot be read: ENOENT/);
});

test("without enabled there is no TLS", async () => {
  using home = scratchHome({ "config.toml": "" });
  assert.equal(await loadGatewayTls(await home.load(), systemClock), undefined);
});

import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { test } from "node:test";
import { ensureGatewayToken, gatewayTokenFile, keepLastGood } from "../../src/config/index.ts";
import { scratchHome } from "./scratch-home.ts";

test("the first start makes a token for its owner alone, later ones read it", async () => {
  using home = scratchHome();
  const loaded = await home.load();
  const first = await ensureGatewayToken(loaded);
  assert.equal(first?.created, true);
  const value = first?.token.reveal() ?? "";
  assert.equal(Buffer.from(value, "base64url").length, 32);
  const file = gatewayTokenFile(loaded.places);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(readFileSync(file, "utf8").trim(), value);
  const second = await ensureGatewayToken(loaded);
  assert.deepEqual([second?.created, second?.token.reveal()], [false, value]);
});

test("starts at the same moment end with the same token, and one of them made it", async () => {
  using home = scratchHome();
  const loaded = await home.load();
  const all = await Promise.all(Array.from({ length: 6 }, () => ensureGatewayToken(loaded)));
  assert.equal(new Set(all.map((found) => found?.token.reveal())).size, 1);
  assert.equal(all.filter((found) => found?.created).length, 1);
});

test("a configured token is taken, and no file is made for it or for other modes", async () => {
  using home = scratchHome({ "config.toml": '[gateway.auth]\ntoken = "mine-mine-mine"' });
  const loaded = await home.load();
  assert.equal((await ensureGatewayToken(loaded))?.token.reveal(), "mine-mine-mine");
  assert.throws(() => statSync(gatewayTokenFile(loaded.places)), { code: "ENOENT" });
  home.write("config.toml", '[gateway.auth]\nmode = "none"');
  assert.equal(await ensureGatewayToken(await home.load()), undefined);
});

test("sec-24: a blank or cut token file stops the start", async () => {
  for (const text of ["", "\n", "short"]) {
    using home = scratchHome({ "data/gateway-token": text });
    await assert.rejects(ensureGatewayToken(await home.load()), { code: "gateway_token_unusable" });
  }
});

test("the config of a good start is kept beside it", async () => {
  using home = scratchHome({ "config.toml": "# good\n" });
  const loaded = await home.load();
  home.write("config.toml", "broken");
  await keepLastGood(loaded);
  assert.equal(home.read("config.last-good.toml"), "# good\n");
  assert.equal(statSync(loaded.places.lastGoodFile).mode & 0o777, 0o600);
  await home.load({}, { path: loaded.places.lastGoodFile });
});

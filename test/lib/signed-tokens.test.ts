import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createTokenVerifier, type PublishedKeys, TokenRefused } from "../../src/lib/signed-tokens/index.ts";
import { realClock } from "../channels/harness.ts";
import { createRsaIssuer, type Signing } from "../fakes/rsa-issuer.ts";

const ISS = "https://issuer.test";

function bench(options: { cooldownMs?: number; maxAgeMs?: number } = {}) {
  const issuer = createRsaIssuer({ endorsements: ["x"] });
  const state = { away: false };
  const verifier = createTokenVerifier({
    clock: realClock,
    issuer: ISS,
    audience: "us",
    cooldownMs: 0,
    ...options,
    async fetchKeys() {
      if (state.away) throw new Error("away");
      return issuer.keys() as PublishedKeys;
    },
  });
  const verify = async (claims: Record<string, unknown> = {}, signing: Signing = {}) =>
    verifier.verify(`Bearer ${await issuer.sign({ iss: ISS, aud: "us", ...claims }, signing)}`);
  return { issuer, state, verifier, verify };
}

describe("signed tokens", () => {
  test("sec-104 a token of the issuer for us is proven, with what the issuer says of its key", async () => {
    const { verify } = bench();
    const { claims, key } = await verify({ extra: 1 });
    assert.equal(claims["extra"], 1);
    assert.deepEqual(key["endorsements"], ["x"]);
  });

  test("sec-104 whatever differs in one thing is refused", async () => {
    const { issuer, verifier, verify } = bench();
    const refused = (work: Promise<unknown>) => assert.rejects(work, TokenRefused);
    await refused(verify({ iss: "https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/" }));
    await refused(verify({ aud: "somebody else" }));
    await refused(verify({}, { key: 1, kid: "key-0" }));
    await refused(verify({}, { key: 1 }));
    await refused(verify({}, { alg: "HS256" }));
    await refused(verify({ exp: undefined }));
    const whole = await issuer.sign({ iss: ISS, aud: "us" });
    const [head, body] = whole.split(".");
    const none = Buffer.from(JSON.stringify({ alg: "none", kid: "key-0" })).toString("base64url");
    for (const header of [
      null,
      "",
      "Bearer",
      `Basic ${whole}`,
      `Bearer ${head}.${body}.`,
      `Bearer ${none}.${body}.x`,
      `Bearer ${whole.slice(0, -8)}AAAAAAAA`,
      "Bearer a.b.c",
    ])
      await refused(verifier.verify(header));
  });

  test("clocks may differ by five minutes and no more", async () => {
    const { verify } = bench();
    await verify({}, { expiresIn: -280 });
    await verify({}, { notBefore: 280 });
    await assert.rejects(verify({}, { expiresIn: -320 }), TokenRefused);
    await assert.rejects(verify({}, { notBefore: 320 }), TokenRefused);
  });

  test("keys change: a new one is fetched when a token names it, one taken back holds no longer", async () => {
    const { issuer, verifier, verify } = bench();
    await verify();
    issuer.publish(0, 1);
    await verify({}, { key: 1 });
    await verify({}, { key: 0 });
    issuer.publish(1);
    await verifier.refresh();
    await assert.rejects(verify({}, { key: 0 }), TokenRefused);
  });

  test("sec-107 tokens with made-up keys do not make us ask the issuer each time", async () => {
    const { issuer, verify } = bench({ cooldownMs: 60_000 });
    await verify();
    for (let i = 0; i < 5; i++) await assert.rejects(verify({}, { kid: `made-up-${i}` }), TokenRefused);
    assert.equal(issuer.asked, 1);
  });

  test("while the issuer is away its known keys hold for a while; without any nothing is proven and the caller hears why", async () => {
    const { state, verifier, verify } = bench();
    state.away = true;
    await assert.rejects(verify(), /away/);
    state.away = false;
    await verify();
    state.away = true;
    await assert.rejects(verifier.refresh(), /away/);
    await verify();
    const old = bench({ maxAgeMs: -1 });
    await old.verify();
    old.state.away = true;
    await assert.rejects(old.verify(), /away/);
  });
});

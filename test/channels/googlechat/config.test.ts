import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { googlechatConfig } from "../../../src/channels/googlechat/config.ts";
import { toChannelError } from "../../../src/channels/googlechat/failure.ts";
import { HttpFailure } from "../../../src/core/http.ts";
import { Secret } from "../../../src/core/secret.ts";
import { v } from "../../../src/lib/schema/index.ts";
import { ANN, PROJECT, TOWN } from "../../fakes/googlechat/index.ts";

const FILE = { type: "service_account", client_email: "a@b.test", private_key: "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n" };
const file = (change: object = {}) => new Secret("f", JSON.stringify({ ...FILE, ...change }));
const WHOLE = { service_account: file(), audience: PROJECT };
const parses = (section: object) => v.safeParse(googlechatConfig, section).success;

describe("[channels.googlechat]", () => {
  test("the key file and the audience belong together, in every account", () => {
    assert.ok(parses(WHOLE));
    assert.ok(parses({ ...WHOLE, audience: "https://clanker.example.org/channels/googlechat/webhook" }));
    for (const key of Object.keys(WHOLE)) assert.ok(!parses({ ...WHOLE, [key]: undefined }), key);
    for (const audience of ["", "my-project", "clanker.example.org"]) assert.ok(!parses({ ...WHOLE, audience }), audience);
    assert.ok(parses({ accounts: { second: WHOLE } }));
    assert.ok(!parses({ accounts: { second: { audience: PROJECT } } }));
    assert.ok(!parses({}));
  });

  test("what is no key file of a service account is refused at the start", () => {
    for (const secret of [
      file({ type: "authorized_user" }),
      file({ private_key: "x" }),
      file({ client_email: undefined }),
      new Secret("f", "x"),
      new Secret("f", "null"),
    ])
      assert.ok(!parses({ ...WHOLE, service_account: secret }));
  });

  test("sec-30 people and spaces are ids, never names", () => {
    assert.ok(parses({ ...WHOLE, owner_ids: [ANN], allowed_users: [ANN], groups: { allowed: [TOWN], trusted: [ANN] } }));
    for (const name of ["ann", "ann@example.org", "*", `users/${ANN}`]) assert.ok(!parses({ ...WHOLE, owner_ids: [name] }), name);
    assert.ok(!parses({ ...WHOLE, allowed_users: ["*"] }));
    assert.ok(parses({ ...WHOLE, allowed_users: ["*"], dm_policy: "open" }));
    assert.ok(!parses({ ...WHOLE, groups: { allowed: ["spaces/AAAA"] } }));
  });

  test("fault-22 a send in doubt may be repeated, for it is known by its id", () => {
    const of = (kind: HttpFailure["kind"], sent: boolean) => {
      const { code, failure } = toChannelError(new HttpFailure(kind, "x", sent));
      return `${code} ${failure}`;
    };
    assert.equal(of("timeout", true), "googlechat_unreachable retry");
    assert.equal(of("refused", false), "googlechat_request_refused permanent");
    assert.equal(of("too_large", true), "googlechat_file_too_big permanent");
  });
});

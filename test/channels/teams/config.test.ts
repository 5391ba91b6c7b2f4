import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { teamsConfig } from "../../../src/channels/teams/config.ts";
import { toChannelError } from "../../../src/channels/teams/failure.ts";
import { HttpFailure } from "../../../src/core/http.ts";
import { Secret } from "../../../src/core/secret.ts";
import { v } from "../../../src/lib/schema/index.ts";
import { ANN, APP, TENANT } from "../../fakes/teams/index.ts";

const WHOLE = { app_id: APP, app_password: new Secret("p", "x"), tenant_id: TENANT };
const parses = (section: object) => v.safeParse(teamsConfig, section).success;

describe("[channels.teams]", () => {
  test("app, password and tenant belong together, in every account", () => {
    assert.ok(parses(WHOLE));
    for (const key of Object.keys(WHOLE)) assert.ok(!parses({ ...WHOLE, [key]: undefined }), key);
    assert.ok(!parses({ ...WHOLE, app_password: new Secret("p", " ") }));
    assert.ok(parses({ accounts: { second: WHOLE } }));
    assert.ok(!parses({ accounts: { second: { app_id: APP } } }));
    assert.ok(!parses({}));
  });

  test("sec-30 people and groups are ids, never names", () => {
    assert.ok(parses({ ...WHOLE, owner_ids: [ANN.toUpperCase()], allowed_users: [ANN, `${TENANT}/${ANN}`] }));
    for (const name of ["ann", "ann@example.org", "*", `teams:${ANN}`]) assert.ok(!parses({ ...WHOLE, owner_ids: [name] }), name);
    assert.ok(!parses({ ...WHOLE, allowed_users: ["ann@example.org"] }));
    assert.ok(!parses({ ...WHOLE, allowed_users: ["*"] }));
    assert.ok(parses({ ...WHOLE, allowed_users: ["*"], dm_policy: "open" }));
    assert.ok(parses({ ...WHOLE, groups: { allowed: ["19:abc@thread.tacv2"], trusted: [ANN] } }));
    for (const group of ["General", "19:abc@thread.tacv2;messageid=1"]) assert.ok(!parses({ ...WHOLE, groups: { allowed: [group] } }), group);
  });

  test("file origins are origins", () => {
    assert.ok(parses({ ...WHOLE, file_origins: ["https://*.sharepoint.com", "http://127.0.0.1:80"] }));
    for (const origin of ["*", "https://*", "https://a.test/path", "https://*.*.com", "sharepoint.com"])
      assert.ok(!parses({ ...WHOLE, file_origins: [origin] }), origin);
  });

  test("fault-22 what never reached Teams may be tried again, what may have reached it is in doubt", () => {
    const of = (kind: HttpFailure["kind"], sent: boolean, attempt: "send" | "repeatable") => {
      const { code, failure } = toChannelError(new HttpFailure(kind, "x", sent), attempt);
      return `${code} ${failure}`;
    };
    assert.equal(of("connect", false, "send"), "teams_unreachable retry");
    assert.equal(of("timeout", true, "send"), "teams_unreachable unknown");
    assert.equal(of("timeout", true, "repeatable"), "teams_unreachable retry");
    assert.equal(of("refused", false, "send"), "teams_request_refused permanent");
    assert.equal(of("too_large", true, "repeatable"), "teams_file_too_big permanent");
  });
});

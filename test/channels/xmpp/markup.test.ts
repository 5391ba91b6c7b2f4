import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { xml } from "@xmpp/client";
import { bounceOf } from "../../../src/channels/xmpp/bounce.ts";
import { createXmpp } from "../../../src/channels/xmpp/index.ts";
import { xmppConfig } from "../../../src/channels/xmpp/config.ts";
import type { ChannelDeps } from "../../../src/core/channel.ts";
import { silentLog } from "../../../src/core/log.ts";
import { textMessage } from "../../../src/core/message.ts";
import { Secret } from "../../../src/core/secret.ts";
import { v } from "../../../src/lib/schema/index.ts";

const password = new Secret("xmpp", "x");
const config = { account: "default", jid: "a@b.test", password, security: "starttls", resource: "r", nick: "n", rooms: [], streaming: false } as const;
const channel = createXmpp({ ...config, rooms: [] }, { log: silentLog } as unknown as ChannelDeps);
const payload = (text: string) => channel.render(textMessage(text))[0]!.payload as { body: string; styled: boolean };

describe("xmpp: message styling", () => {
  test("marks, code, quotes and links become what clients draw (XEP-0393)", () => {
    assert.deepEqual(payload("**bold** and _italic_ and ~~gone~~ and `code`"), {
      kind: "text",
      body: "*bold* and _italic_ and ~gone~ and `code`",
      styled: true,
    });
    assert.equal(payload("```js\nlet a;\n```").body.trim(), "```js\nlet a;\n```");
    assert.match(payload("> said\n> before").body, /^> said\n> before/);
    assert.equal(payload("[here](https://a.test/x)").body, "here (https://a.test/x)");
  });

  test("a text without marks is sent letter for letter as unstyled; beside marks chance ones are kept apart", () => {
    assert.deepEqual(payload("2 \\* 3 \\*is\\* six"), { kind: "text", body: "2 * 3 *is* six", styled: false });
    assert.equal(payload("**yes**, \\*no\\*").body, "*yes*, \u200b*no*");
    assert.ok(!payload("a\uffffb").body.includes("\uffff"));
  });
});

describe("xmpp: the config", () => {
  const parse = (section: object) => v.safeParse(xmppConfig, section).success;

  test("sec-30 addresses, never nicks, and no plain text to another machine", () => {
    const least = { jid: "Clanker@Example.org", password };
    assert.equal(v.parse(xmppConfig, least).jid, "clanker@example.org");
    assert.ok(!parse({ ...least, owner_ids: ["ann"] }));
    assert.ok(!parse({ ...least, owner_ids: ["ann@example.org/phone"] }));
    assert.ok(parse({ ...least, groups: { trusted: ["occupant:garden@rooms.example.org/a=b", "ann@example.org"] } }));
    assert.ok(!parse({ ...least, groups: { trusted: ["nick:garden@rooms.example.org/ann"] } }));
    assert.ok(!parse({ ...least, security: "none" }));
    assert.ok(parse({ ...least, security: "none", server: "127.0.0.1" }));
    assert.ok(!parse({ jid: "a@b.test" }));
    assert.ok(parse({ accounts: { home: least } }));
  });
});

describe("xmpp: bounces", () => {
  const bounce = (type: string, condition: string) =>
    bounceOf(xml("message", { type: "error" }, xml("error", { type }, xml(condition, { xmlns: "urn:ietf:params:xml:ns:xmpp-stanzas" }))));

  test("fault-23 fault-24 a refusal for a while is tried again later, any other never", () => {
    const later = bounce("wait", "resource-constraint");
    assert.deepEqual([later.code, later.failure, later.retryAfterMs], ["xmpp_try_later", "retry", 30_000]);
    const never = bounce("cancel", "item-not-found");
    assert.deepEqual([never.code, never.failure], ["xmpp_refused", "permanent"]);
    assert.match(never.message, /item-not-found/);
  });
});

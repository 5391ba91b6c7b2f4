import assert from "node:assert/strict";
import { test } from "node:test";
import { bindAddress, localHost } from "../../src/config/bind-address.ts";

const HOME = ["127.0.0.1", "192.168.1.7", "::1"];
const AWAY = [...HOME, "100.101.102.103", "fd7a:115c:a1e0::1"];

test("tailnet is this machine's address there, and an error that says what to do where there is none", () => {
  assert.equal(bindAddress("tailnet", AWAY), "100.101.102.103");
  assert.throws(() => bindAddress("tailnet", HOME), { code: "no_tailnet", hint: /tailscale up/ });
  // Of 100.0.0.0/8 only a quarter is shared address space; the rest are servers of others.
  assert.throws(() => bindAddress("tailnet", ["100.128.0.1", "100.63.255.255"]), { code: "no_tailnet" });
});

test("auto is the tailnet where there is one, else nobody but this machine", () => {
  assert.equal(bindAddress("auto", AWAY), "100.101.102.103");
  assert.equal(bindAddress("auto", HOME), "127.0.0.1");
});

test("loopback and lan are what they say, an address is itself, and programs of this machine find each", () => {
  const hosts = ["loopback", "lan", "::", "::1", "10.0.0.5"].map((written) => localHost(bindAddress(written, HOME)));
  assert.deepEqual(hosts, ["127.0.0.1", "127.0.0.1", "127.0.0.1", "[::1]", "10.0.0.5"]);
});

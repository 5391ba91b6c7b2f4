import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { silentLog } from "../../../src/core/log.ts";
import { HttpFailure } from "../../../src/core/http.ts";
import { createHttp } from "../../../src/security/host/egress/index.ts";
import { isPublicAddress } from "../../../src/security/host/egress/public-address.ts";

/** Hosts as an attacker writes them: every one means this machine, its network or the cloud behind it. */
const PRIVATE_HOSTS = `
127.0.0.1 127.1 127.0.1 127.255.255.254 0177.0.0.1 0177.0.0.01 017700000001 2130706433 0x7f000001 0x7f.1 0x7f.0x0.0x0.0x1 0X7F.0.0.1 127.0.0.1. 127.0.0.01
0 0.0.0.0 0x0 00.0 10.0.0.1 012.0.0.1 0xa000001 167772161 172.16.0.1 172.31.255.255 0xac100001 192.168.1.1 0300.0250.1.1 3232235777 192.168.257
169.254.169.254 169.254.169.254. 0xa9fea9fe 2852039166 0251.0376.0251.0376 169.16689662 100.64.0.1 100.100.100.200 100.127.255.255 192.0.0.192 168.63.129.16
198.18.0.1 198.19.255.255 192.0.2.1 198.51.100.7 203.0.113.9 192.88.99.1 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
[::] [::1] [0:0:0:0:0:0:0:1] [0000::0001] [::ffff:127.0.0.1] [::ffff:7f00:1] [0:0:0:0:0:ffff:7f00:1] [::ffff:a9fe:a9fe] [::ffff:0:127.0.0.1] [::127.0.0.1] [::7f00:1]
[64:ff9b::7f00:1] [64:ff9b::169.254.169.254] [64:ff9b:1::a00:1] [2002:7f00:1::] [2002:a9fe:a9fe::1] [2001:0:4136:e378:8000:63bf:3fff:fdd2] [2001::1] [2001:db8::1]
[2001:2::1] [2001:20::1] [3fff::1] [5f00::1] [100::1] [fe80::1] [febf::1] [fec0::1] [fc00::1] [fd00:ec2::254] [fdff::1] [ff02::1] [ff0e::1]
[2600::5efe:7f00:1] [2600::200:5efe:10.0.0.1] [fe80::5efe:192.168.0.1]
localhost LOCALHOST localhost. foo.localhost metadata.google.internal metadata.google.internal. METADATA.GOOGLE.INTERNAL metadata instance-data printer.local nas.lan
router.home.arpa intranet kubernetes.default.svc.cluster.local host.docker.internal
①②⑦.⓪.⓪.① 127。0。0。1 127．0．0．1 169。254。169。254 ｌｏｃａｌｈｏｓｔ %31%32%37.0.0.1 %6cocalhost 127.0.0.1%2e metadata.google｡internal
`
  .trim()
  .split(/\s+/);

const PUBLIC = [
  "1.1.1.1",
  "8.8.8.8",
  "93.184.216.34",
  "100.63.255.255",
  "100.128.0.1",
  "172.15.0.1",
  "172.32.0.1",
  "198.17.0.1",
  "2606:4700::1111",
  "2a00:1450::1",
  "::ffff:1.1.1.1",
];

/** A door whose sockets fail the test: nothing may come that far. */
function sealed() {
  const fail = (what: string) => assert.fail(`it reached ${what}`);
  return createHttp({ log: silentLog, untrustedNet: { resolve: async (name) => fail(`the resolver with ${name}`), dial: (address) => fail(address) } });
}

async function refusal(url: string): Promise<void> {
  const error = await sealed()
    .getUntrusted({ url })
    .then(
      () => assert.fail(`${url} was fetched`),
      (thrown: unknown) => thrown,
    );
  assert.ok(error instanceof HttpFailure, `${url}: ${String(error)}`);
  assert.equal(`${error.kind} ${error.sent}`, "refused false", `${url}: ${error.message}`);
}

test("sec-77 more than sixty spellings of private hosts are refused before anything is resolved or connected", async () => {
  assert.ok(new Set(PRIVATE_HOSTS).size >= 100, String(new Set(PRIVATE_HOSTS).size));
  for (const host of PRIVATE_HOSTS) for (const scheme of ["http", "https"]) await refusal(`${scheme}://${host}/x`);
});

test("sec-77 tricks around the host are refused: user parts, backslashes, zones, missing slashes, ports, line breaks", async () => {
  const tricks = [
    "http://user@127.0.0.1/",
    "http://example.com@127.0.0.1/",
    "http://user:pass@example.com/",
    "http://127.0.0.1\\@example.com/",
    "http:\\\\127.0.0.1/",
    "http:127.0.0.1",
    "http:/127.0.0.1",
    "http:////127.0.0.1/",
    "ht\ntp://127.0.0.1/",
    " http://127.0.0.1/ ",
    "http://[fe80::1%eth0]/",
    "http://[fe80::1%25eth0]/",
    "http://[::1]:80/",
    "http://127.0.0.1#@example.com/",
    "http://127.0.0.1?.example.com/",
    "http://example.com:22/",
    "http://example.com:6379/",
    "http://example.com:65535/",
    "http://example.com:0/",
    "http://single/",
    "http://exa mple.com/",
    "http://.com/",
    "http://a..b.com/",
    "http:///x",
    "http://",
    "",
    `http://example.com/${"a".repeat(9_000)}`,
  ];
  for (const url of tricks) await refusal(url);
});

test("sec-82 schemes other than http and https are refused", async () => {
  const urls =
    "file:///etc/passwd file://host/share ftp://example.com/ gopher://example.com/ data:text/html,x javascript:alert(1) blob:http://example.com/1 chrome://version";
  const more =
    "about:blank ws://example.com/ wss://example.com/ dict://example.com/ ldap://example.com/ view-source:http://example.com/ jar:http://example.com/!/ unix:/x";
  for (const url of `${urls} ${more}`.split(" ")) await refusal(url);
});

test("sec-77 any private IPv4 address in any number notation is refused", async () => {
  const octet = fc.integer({ min: 0, max: 255 });
  const address = fc.oneof(
    fc.tuple(fc.constant(127), octet, octet, octet),
    fc.tuple(fc.constant(10), octet, octet, octet),
    fc.tuple(fc.constant(192), fc.constant(168), octet, octet),
    fc.tuple(fc.constant(169), fc.constant(254), octet, octet),
    fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), octet, octet),
    fc.tuple(fc.constant(100), fc.integer({ min: 64, max: 127 }), octet, octet),
    fc.tuple(fc.integer({ min: 224, max: 255 }), octet, octet, octet),
  );
  const base = fc.constantFrom(
    (n: number) => String(n),
    (n: number) => `0x${n.toString(16)}`,
    (n: number) => `0${n.toString(8)}`,
  );
  await fc.assert(
    fc.asyncProperty(address, fc.tuple(base, base, base, base), fc.integer({ min: 1, max: 4 }), fc.boolean(), async (bytes, write, parts, dotted) => {
      // The last part stands for all bytes that are left (WHATWG URL, IPv4 parser).
      const last = bytes.slice(parts - 1).reduce((sum, byte) => sum * 256 + byte, 0);
      const host = [...bytes.slice(0, parts - 1), last].map((part, index) => write[index]!(part)).join(".");
      await refusal(`http://${host}${dotted ? "." : ""}/`);
      const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
      for (const prefix of ["::ffff:", "::", "64:ff9b::", "2600::5efe:"]) await refusal(`http://[${prefix}${hex.slice(0, 4)}:${hex.slice(4)}]/`);
      await refusal(`http://[2002:${hex.slice(0, 4)}:${hex.slice(4)}::1]/`);
    }),
    { numRuns: 300 },
  );
});

test("public addresses are public, and only in their plain spelling", () => {
  for (const address of PUBLIC) assert.equal(isPublicAddress(address), true, address);
  for (const text of [
    "",
    "01.1.1.1",
    "1.1.1",
    "1.1.1.1.",
    " 1.1.1.1",
    "1.1.1.1/32",
    "0x1.1.1.1",
    "2606:4700::1111%eth0",
    "2606::1::2",
    "2606:4700",
    "example.com",
    "256.1.1.1",
  ])
    assert.equal(isPublicAddress(text), false, text);
});

import assert from "node:assert/strict";
import { Resolver } from "node:dns/promises";
import { readFileSync, globSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, describe, test } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { gzipSync } from "node:zlib";
import { HttpFailure } from "../../../src/core/http.ts";
import { silentLog } from "../../../src/core/log.ts";
import { createHttp, type EgressHttp } from "../../../src/security/host/egress/index.ts";
import { startDnsServer, type DnsAnswer } from "../../fakes/dns-server.ts";

const PUBLIC_IP = "93.184.216.34";
const OTHER_IP = "93.184.216.35";
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function listen(server: ReturnType<typeof createTcpServer>): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => void server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

/** The internet of one test: names from a real name server over UDP, and sockets that end at servers on loopback. */
async function internet(sites: { port: number; answer?: (name: string, asked: number) => DnsAnswer | undefined | "silent"; dead?: readonly string[] }) {
  const dns = await startDnsServer(sites.answer ?? (() => ({ a: [PUBLIC_IP] })));
  closers.push(() => dns.close());
  const resolver = new Resolver({ timeout: 200, tries: 1 });
  resolver.setServers([dns.address]);
  const dialled: string[] = [];
  const refusing = createTcpServer();
  const closedPort = await listen(refusing);
  await new Promise((resolve) => void refusing.close(resolve));
  const http: EgressHttp = createHttp({
    log: silentLog,
    untrustedNet: {
      async resolve(hostname) {
        const all = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
        const found = all.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
        if (found.length === 0) throw Object.assign(new Error("not found"), { code: "ENOTFOUND" });
        return found;
      },
      dial(address, port) {
        dialled.push(`${address}:${port}`);
        return { host: "127.0.0.1", port: sites.dead?.includes(address) === true ? closedPort : sites.port };
      },
    },
  });
  closers.push(() => http.close());
  return { http, dns, dialled };
}

const site = (handler: (request: IncomingMessage, response: ServerResponse) => void) => listen(createServer(handler));

async function failure(work: Promise<unknown>): Promise<HttpFailure> {
  const error = await work.then(
    () => assert.fail("it did not fail"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof HttpFailure, String(error));
  return error;
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe("the door to URLs that nobody vouches for", () => {
  test("fetches a public page with our own name and nothing that identifies anybody", async () => {
    let seen: IncomingHttpHeaders = {};
    const port = await site((request, response) => {
      seen = request.headers;
      response.setHeader("content-type", "text/plain");
      response.end(`hello ${request.url}`);
    });
    const { http, dialled } = await internet({ port });
    const response = await http.getUntrusted({ url: "http://example.com/a?b=c#d", headers: { Accept: "text/html" } });
    assert.equal(text(response.bytes), "hello /a?b=c");
    assert.equal(response.cut, false);
    assert.equal(response.url, "http://example.com/a?b=c#d");
    assert.deepEqual(dialled, [`${PUBLIC_IP}:80`]);
    assert.deepEqual(seen, {
      host: "example.com",
      "user-agent": "open-clanker",
      accept: "text/html",
      "accept-encoding": "gzip, deflate, br",
      connection: "close",
    });
  });

  test("sec-79 credentials cannot be handed to it", async () => {
    const { http, dialled } = await internet({ port: 1 });
    for (const name of ["Authorization", "cookie", "Proxy-Authorization", "X-Api-Key", "Host"]) {
      const error = await failure(http.getUntrusted({ url: "http://example.com/", headers: { [name]: "canary" } }));
      assert.equal(error.kind, "refused");
      assert.doesNotMatch(error.message, /canary/);
    }
    assert.deepEqual(dialled, []);
  });

  test("a server's status is an answer, not an error", async () => {
    const port = await site((_request, response) => {
      response.statusCode = 404;
      response.end("no");
    });
    const { http } = await internet({ port });
    const { status, bytes } = await http.getUntrusted({ url: "http://example.com/" });
    assert.equal(`${status} ${text(bytes)}`, "404 no");
  });

  test("sec-78 a name with a private answer, alone or among public ones, is not connected to", async () => {
    const loopback6 = [...Array.from({ length: 15 }, () => 0), 1];
    const public6 = [0x26, 0x06, 0x47, 0, ...Array.from({ length: 11 }, () => 0), 1];
    const answers: DnsAnswer[] = [
      { a: ["127.0.0.1"] },
      { a: [PUBLIC_IP, "10.0.0.1"] },
      { a: ["169.254.169.254", PUBLIC_IP] },
      { a: [PUBLIC_IP], aaaa: [loopback6] },
      { aaaa: [public6, loopback6] },
      { cname: "inside.example.net", a: ["192.168.0.1"] },
    ];
    for (const answer of answers) {
      const { http, dialled } = await internet({ port: 1, answer: () => answer });
      const error = await failure(http.getUntrusted({ url: "http://rebind.example.com/" }));
      assert.equal(`${error.kind} ${error.sent}`, "refused false", JSON.stringify(answer));
      assert.deepEqual(dialled, []);
    }
  });

  test("sec-78 a name that turns private behind the check is still reached at the address that was checked, and its next use is refused", async () => {
    const port = await site((_request, response) => response.end("public"));
    const { http, dns, dialled } = await internet({ port, answer: (_name, asked) => ({ a: [asked === 1 ? PUBLIC_IP : "127.0.0.1"] }) });
    assert.equal(text((await http.getUntrusted({ url: "http://rebind.example.com/" })).bytes), "public");
    assert.deepEqual(dialled, [`${PUBLIC_IP}:80`]);
    assert.equal(dns.asked.length, 2, "asked once for A and once for AAAA");
    assert.equal((await failure(http.getUntrusted({ url: "http://rebind.example.com/" }))).kind, "refused");
    assert.equal(dialled.length, 1);
  });

  test("sec-78 a redirect resolves again, and is held to the same rules", async () => {
    const port = await site((request, response) => {
      response.writeHead(302, { location: request.url === "/" ? "http://rebind.example.com/again" : "/" });
      response.end();
    });
    const { http, dialled } = await internet({ port, answer: (_name, asked) => ({ a: [asked === 1 ? PUBLIC_IP : "10.1.2.3"] }) });
    const error = await failure(http.getUntrusted({ url: "http://rebind.example.com/" }));
    assert.equal(`${error.kind} ${error.sent}`, "refused false");
    assert.equal(dialled.length, 1);
  });

  test("an address that does not answer gives way to the name's next one, over addresses that were all checked", async () => {
    const port = await site((_request, response) => response.end("second"));
    const { http, dialled } = await internet({ port, answer: () => ({ a: [PUBLIC_IP, OTHER_IP] }), dead: [PUBLIC_IP] });
    assert.equal(text((await http.getUntrusted({ url: "http://example.com/" })).bytes), "second");
    assert.deepEqual(dialled.toSorted().at(-1), `${OTHER_IP}:80`);
  });

  test("a name that does not exist and a silent name server are failures to connect", async () => {
    for (const answer of [undefined, "silent"] as const) {
      const { http } = await internet({ port: 1, answer: () => answer });
      const error = await failure(http.getUntrusted({ url: "http://gone.example.com/" }));
      assert.equal(`${error.kind} ${error.sent}`, "connect false");
    }
  });

  test("sec-79 redirects to metadata, to private names, to other schemes and ports are refused", async () => {
    const targets = [
      "http://169.254.169.254/latest/meta-data/",
      "http://[::1]/",
      "http://localhost/",
      "//127.1/",
      "file:///etc/passwd",
      "http://example.com:22/",
      "http://u:p@example.com/",
      "http://",
      "http://0x7f.1/",
    ];
    for (const location of targets) {
      const port = await site((_request, response) => response.writeHead(307, { location }).end());
      const { http, dialled } = await internet({ port });
      const error = await failure(http.getUntrusted({ url: "http://example.com/" }));
      assert.equal(error.kind, "refused", location);
      assert.equal(dialled.length, 1, location);
    }
  });

  test("sec-79 five redirects are followed, a sixth is not, and a loop ends", async () => {
    const port = await site((request, response) => {
      const number = Number(request.url?.slice(1));
      if (number === 0) return response.end("there");
      response.writeHead(301, { location: `/${number - 1}` }).end();
    });
    const { http, dialled } = await internet({ port });
    const response = await http.getUntrusted({ url: "http://example.com/5" });
    assert.equal(`${text(response.bytes)} ${response.url}`, "there http://example.com/0");
    assert.match((await failure(http.getUntrusted({ url: "http://example.com/6" }))).message, /more than 5 redirects/);
    assert.equal(dialled.length, 12);
    assert.match((await failure(http.getUntrusted({ url: "http://example.com/20" }))).message, /more than 5 redirects/);
    assert.equal(dialled.length, 18);
  });

  test("sec-79 what the caller said stays with the first origin, and no Set-Cookie comes back to any", async () => {
    const seen: IncomingHttpHeaders[] = [];
    const port = await site((request, response) => {
      seen.push(request.headers);
      if (request.headers.host === "first.example.com") response.writeHead(302, { location: "http://second.example.com/", "set-cookie": "a=1" }).end();
      else response.end("ok");
    });
    const { http } = await internet({ port });
    await http.getUntrusted({ url: "http://first.example.com/", headers: { "accept-language": "tlh" } });
    assert.deepEqual(
      seen.map((headers) => headers["accept-language"]),
      ["tlh", undefined],
    );
    assert.ok(seen.every((headers) => headers.cookie === undefined && headers.authorization === undefined && headers.referer === undefined));
  });

  test("sec-79 https is verified for the name although the connection goes to an address, and does not turn into http", async () => {
    const fixture = (name: string) => readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url), "utf8");
    const before = getCACertificates("default");
    const cert = fixture("name-cert.pem");
    const port = await listen(
      createTlsServer({ cert, key: fixture("name-key.pem") }, (request, response) => {
        if (request.url === "/") response.end("secure");
        else response.writeHead(302, { location: "http://example.com/" }).end();
      }),
    );
    const { http, dialled } = await internet({ port });
    const unknown = await failure(http.getUntrusted({ url: "https://secure.example.com/" }));
    assert.equal(`${unknown.kind} ${unknown.sent}`, "connect false");
    setDefaultCACertificates([...before, cert]);
    closers.push(() => setDefaultCACertificates(before));
    assert.equal(text((await http.getUntrusted({ url: "https://secure.example.com/" })).bytes), "secure");
    const otherName = await failure(http.getUntrusted({ url: "https://example.com/" }));
    assert.equal(`${otherName.kind} ${otherName.sent}`, "connect false");
    assert.match((await failure(http.getUntrusted({ url: "https://secure.example.com/down" }))).message, /redirected from https to http/);
    assert.ok(dialled.every((address) => address === `${PUBLIC_IP}:443`));
  });

  test("sec-81 an endless body, a huge error page and a compression bomb are cut at the cap", async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000), { level: 9 });
    const port = await site((request, response) => {
      if (request.url === "/bomb") return void response.writeHead(200, { "content-encoding": "gzip" }).end(bomb);
      if (request.url === "/error") response.statusCode = 500;
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, "x")));
      };
      response.on("drain", more);
      more();
    });
    const { http } = await internet({ port });
    for (const path of ["endless", "error", "bomb"]) {
      global.gc?.();
      const before = process.memoryUsage().arrayBuffers;
      const response = await http.getUntrusted({ url: `http://example.com/${path}`, maxBytes: 1_000_000 });
      assert.equal(`${response.bytes.length} ${response.cut}`, "1000000 true", path);
      assert.ok(process.memoryUsage().arrayBuffers - before < 16_000_000, path);
    }
  });

  test("sec-81 a server that drips, one that never answers, and one that redirects slowly are given up after one time limit for all", async () => {
    const dripping = await listen(
      createTcpServer((socket) => {
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n");
        const timer = setInterval(() => socket.write("x"), 20);
        socket.on("close", () => clearInterval(timer));
      }),
    );
    const silent = await listen(createTcpServer(() => {}));
    for (const port of [dripping, silent]) {
      const { http } = await internet({ port });
      const error = await failure(http.getUntrusted({ url: "http://example.com/", timeoutMs: 300 }));
      assert.equal(error.kind, "timeout");
    }
  });

  test("ends at once when the caller or the whole door does", async () => {
    const port = await listen(createTcpServer(() => {}));
    const { http } = await internet({ port });
    const controller = new AbortController();
    const one = failure(http.getUntrusted({ url: "http://example.com/", signal: controller.signal }));
    const other = failure(http.getUntrusted({ url: "http://example.com/" }));
    controller.abort();
    assert.equal((await one).kind, "aborted");
    http.close();
    assert.equal((await other).kind, "aborted");
    assert.equal((await failure(http.getUntrusted({ url: "http://example.com/" }))).kind, "aborted");
  });

  test("a port is allowed only when it is named", async () => {
    const port = await site((_request, response) => response.end("8080"));
    const { http, dialled } = await internet({ port });
    assert.equal((await failure(http.getUntrusted({ url: "http://example.com:8080/" }))).kind, "refused");
    assert.equal(text((await http.getUntrusted({ url: "http://example.com:8080/", ports: [80, 443, 8080] })).bytes), "8080");
    assert.deepEqual(dialled, [`${PUBLIC_IP}:8080`]);
  });

  test("sec-77 nothing in the program puts another network below the door: only the machine's own", () => {
    const root = new URL("../../../", import.meta.url);
    const users = globSync("src/**/*.ts", { cwd: root }).filter((path) => readFileSync(new URL(path, root), "utf8").includes("untrustedNet"));
    assert.deepEqual(users, ["src/security/host/egress/create-http.ts"]);
  });
});

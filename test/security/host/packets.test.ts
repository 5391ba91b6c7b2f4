import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { copyFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { lend, openSandboxHome } from "./sandbox-home.ts";

/** Of the machine itself, so that the control run leaves nothing on a wire, and two that are nobody's (RFC 5737, RFC 3849). */
const FROM_HOST = "127.77.84.2";
const FROM_SANDBOX = "127.77.84.1";
const FAR = "198.51.100.77";
const FAR_6 = "2001:db8::77";
const PROBE = "packet-probe.pl";

type Home = Awaited<ReturnType<typeof openSandboxHome>>;

/** Runs the probe. @returns the ways by which something went out, as the kernel told the program. */
async function probe(home: Home, profile: "sandbox" | "host", args: readonly string[]): Promise<string[]> {
  const argv = ["perl", profile === "host" ? join(home.workspace, PROBE) : PROBE, ...args];
  const { output } = await home.processes.run({ program: { kind: "argv", argv }, profile, workspace: home.workspace });
  assert.match(output, /^abstract (went|held)$/mu, output);
  return [...output.matchAll(/^(\w+) went$/gmu)].map(([, way]) => way!);
}

async function withHome(act: (home: Home) => Promise<void>): Promise<void> {
  await using home = await openSandboxHome();
  await copyFile(join(import.meta.dirname, PROBE), join(home.workspace, PROBE));
  await lend(home.workspace);
  await act(home);
}

/** tcpdump on every interface of the host. @returns why it cannot, or a way to read it. */
async function capture(filter: string) {
  const child = spawn("tcpdump", ["-i", "any", "-n", "-l", "--immediate-mode", filter], { stdio: ["ignore", "pipe", "pipe"] });
  const lines: string[] = [];
  let wake = () => {};
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    wake();
  });
  let said = "";
  const listens = await new Promise<boolean>((resolve) => {
    child.stderr.on("data", (bytes: Buffer) => {
      said += String(bytes);
      if (said.includes("listening on")) resolve(true);
    });
    child.once("error", (error) => {
      said = error.message;
      resolve(false);
    });
    child.once("close", () => resolve(false));
  });
  return {
    reason: listens ? undefined : `no packets can be captured here: ${said.trim()}`,
    lines,
    /** Until a line says so. */
    async seen(text: string) {
      while (!lines.some((line) => line.includes(text)))
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    },
    async stop() {
      if (child.exitCode !== null || child.pid === undefined) return;
      child.kill("SIGKILL");
      await once(child, "close");
    },
  };
}

describe("packets of sandboxed programs", () => {
  it("sec-84 nothing leaves the sandbox: a capture on every interface of the host sees what the same program sends outside of it, and nothing else", async (t) => {
    const watching = await capture(
      `host ${FROM_SANDBOX} or host ${FROM_HOST} or host ${FAR} or host ${FAR_6} or (udp and dst host 255.255.255.255 and dst port 40084)`,
    );
    try {
      if (watching.reason !== undefined) return t.skip(watching.reason);
      await withHome(async (home) => {
        assert.deepEqual(await probe(home, "sandbox", [FAR, "40084", FAR_6, "clanker-84"]), []);
        const near = await probe(home, "sandbox", [FROM_SANDBOX, "40084", "::1", "clanker-84"]);
        // It has a loopback of its own, and what it tells itself there reaches nobody.
        assert.ok(!near.includes("tcp") && !near.includes("abstract") && !near.includes("frame"), near.join());
        // The same program by the same way in, but for the sandbox: the capture does see what there is.
        const went = await probe(home, "host", [FROM_HOST, "40085", "::1", "clanker-84", "quiet"]);
        assert.ok(went.includes("udp") && went.includes("dns"), went.join());
        await watching.seen(`${FROM_HOST}.40085`);
        await watching.seen(`${FROM_HOST}.53`);
        if (process.getuid?.() === 0) await watching.seen("ICMP echo request");
      });
      const own = watching.lines.filter((line) => line.includes(FROM_HOST));
      assert.ok(own.length >= 3);
      assert.deepEqual(
        watching.lines.filter((line) => !line.includes(FROM_HOST)),
        [],
      );
    } finally {
      await watching.stop();
    }
  });

  it("sec-84 who listens on the host, by address or by a name in no file, hears nothing of a sandbox and does hear a program outside of it", async () => {
    const name = `clanker-84-${process.pid}`;
    const heard: string[] = [];
    const listen = async (server: Server, at: Parameters<Server["listen"]>[0] | string) => {
      server.on("connection", (socket) => socket.destroy());
      server.listen(at as string);
      await once(server, "listening");
    };
    const tcp = createServer(() => heard.push("tcp"));
    const abstract = createServer(() => heard.push("abstract"));
    const udp = createSocket("udp4");
    udp.on("message", () => heard.push("udp"));
    try {
      await listen(tcp, { host: "127.0.0.1", port: 0 });
      await listen(abstract, `\0${name}`);
      const { port } = tcp.address() as { port: number };
      udp.bind(port, "127.0.0.1");
      await once(udp, "listening");
      await withHome(async (home) => {
        const held = await probe(home, "sandbox", ["127.0.0.1", String(port), "::1", name]);
        assert.ok(!held.includes("tcp") && !held.includes("abstract"), held.join());
        assert.deepEqual(heard, []);
        const loud = once(udp, "message");
        const went = await probe(home, "host", ["127.0.0.1", String(port), "::1", name, "quiet"]);
        assert.ok(
          ["tcp", "udp", "abstract"].every((way) => went.includes(way)),
          went.join(),
        );
        await loud;
      });
      assert.ok(heard.includes("udp"));
    } finally {
      tcp.close();
      abstract.close();
      udp.close();
    }
  });
});

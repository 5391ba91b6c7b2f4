/**
 * A network of its own for one program: a namespace of the kernel, joined to the machine by a pair of virtual Ethernet devices whose wire can lose packets, be slow, and be
 * pulled. Needs CAP_NET_ADMIN and CAP_SYS_ADMIN, which plain containers do not have.
 */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { readlinkSync } from "node:fs";
import { promisify } from "node:util";
import { eventually, NotHere } from "./scenario.ts";

/** The tools of networks stand where only the administrator's shell looks. */
const env = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };
const run = (command: string, args: readonly string[]) => promisify(execFile)(command, args, { env });

export interface OwnNetwork {
  /** Address of the machine as the program within sees it. */
  readonly host: string;
  /** Put before a command, it runs within. */
  readonly within: readonly string[];
  /** How packets are lost and delayed here; machines differ in what their kernel has. */
  readonly how: { readonly loss: "netem" | "nft"; readonly slow: "netem, 5 s" | "tbf, 16 kbit/s" };
  /** Share of the packets of both directions that are lost from now on, percent. */
  lose(percent: number): Promise<void>;
  /** Makes what the program sends take seconds, or takes that back. */
  slow(on: boolean): Promise<void>;
  /** Pulls the cable: nobody is told, packets just go nowhere. */
  pull(): Promise<void>;
  plug(): Promise<void>;
  /** Status of a GET from within; 0 when there was no answer. */
  status(url: string): Promise<number>;
  close(): Promise<void>;
}

/** From the block for tests of networks (RFC 2544), which no machine of the world has; another one for each process, because labs may run beside each other. */
const BLOCK = `198.${18 + (Math.floor(process.pid / 256) % 2)}.${process.pid % 256}`;
const NET = { host: `${BLOCK}.1`, program: `${BLOCK}.2`, bits: 30 } as const;

/** @throws NotHere when this machine does not permit it, with the command that it refused */
export async function openOwnNetwork(): Promise<OwnNetwork> {
  const holder = spawn("unshare", ["--net", "sleep", "7200"], { stdio: "ignore" });
  const name = `clk${process.pid}`;
  const [outer, inner] = [`${name}o`, `${name}i`];
  try {
    await ownNamespace(holder);
    const within = ["nsenter", `--net=/proc/${holder.pid}/ns/net`];
    await must("ip", "link", "add", outer, "type", "veth", "peer", "name", inner, "netns", String(holder.pid));
    await must("ip", "address", "add", `${NET.host}/${NET.bits}`, "dev", outer);
    await must("ip", "link", "set", outer, "up");
    await must(...within, "ip", "link", "set", "lo", "up");
    await must(...within, "ip", "address", "add", `${NET.program}/${NET.bits}`, "dev", inner);
    await must(...within, "ip", "link", "set", inner, "up");
    const ends = [
      { before: [], device: outer },
      { before: within, device: inner },
    ] as const;
    const netem = await works(...within, "tc", "qdisc", "add", "dev", inner, "root", "netem", "loss", "0%");
    if (netem) await must("tc", "qdisc", "add", "dev", outer, "root", "netem", "loss", "0%");
    else for (const { before, device } of ends) await must(...before, "nft", ingress(name, device));
    return {
      host: NET.host,
      within,
      how: netem ? { loss: "netem", slow: "netem, 5 s" } : { loss: "nft", slow: "tbf, 16 kbit/s" },
      async lose(percent) {
        for (const { before, device } of ends) {
          if (netem) await must(...before, "tc", "qdisc", "replace", "dev", device, "root", "netem", "loss", `${percent}%`);
          else await must(...before, "nft", `flush chain netdev ${name} in; add rule netdev ${name} in numgen random mod 100 < ${percent} drop`);
        }
      },
      async slow(on) {
        const kind = netem ? ["netem", "delay", on ? "5s" : "0s"] : ["tbf", "rate", on ? "16kbit" : "1gbit", "burst", "128k", "limit", "1m"];
        // A bucket that is nearly empty from the start.
        if (!netem && on) kind[4] = "3k";
        await must(...within, "tc", "qdisc", "replace", "dev", inner, "root", ...kind);
      },
      pull: () => must("ip", "link", "set", outer, "down"),
      plug: () => must("ip", "link", "set", outer, "up"),
      async status(url) {
        const [command, ...args] = [...within, "curl", "--silent", "--max-time", "10", "--output", "/dev/null", "--write-out", "%{http_code}", url];
        return await run(command!, args).then(
          ({ stdout }) => Number(stdout),
          () => 0,
        );
      },
      close: () => close(holder, name, outer),
    };
  } catch (error) {
    await close(holder, name, outer);
    throw new NotHere((error as Error).message);
  }
}

/** Drops what comes in at one device; its rule follows. */
function ingress(table: string, device: string): string {
  return `add table netdev ${table}; add chain netdev ${table} in { type filter hook ingress device "${device}" priority 0; }`;
}

async function ownNamespace(holder: ChildProcess): Promise<void> {
  const failed = new Promise<never>((_, reject) => {
    holder.once("error", (error) => reject(new Error(`unshare cannot be run: ${error.message}`)));
    holder.once("exit", () => reject(new Error("no network namespace may be made here (it needs CAP_SYS_ADMIN)")));
  });
  const ours = readlinkSync("/proc/self/ns/net");
  const isThere = () => {
    try {
      return readlinkSync(`/proc/${holder.pid}/ns/net`) !== ours;
    } catch {
      // It has ended; `failed` says so.
      return false;
    }
  };
  await Promise.race([failed, eventually("the namespace", 10_000, isThere)]);
  failed.catch(() => {});
}

async function must(...command: readonly string[]): Promise<void> {
  try {
    await run(command[0]!, command.slice(1));
  } catch (error) {
    const { stderr = "", message } = error as { stderr?: string; message: string };
    throw new Error(`this machine refuses \`${command.join(" ")}\`: ${stderr.trim() || message}`, { cause: error });
  }
}

async function works(...command: readonly string[]): Promise<boolean> {
  return await run(command[0]!, command.slice(1)).then(
    () => true,
    () => false,
  );
}

/** The devices go with the namespace; on ours a rule stays behind by itself. */
async function close(holder: ChildProcess, table: string, device: string): Promise<void> {
  await works("nft", "delete", "table", "netdev", table);
  await works("ip", "link", "delete", device);
  if (holder.exitCode !== null || holder.signalCode !== null || holder.pid === undefined) return;
  const ended = new Promise((resolve) => holder.once("exit", resolve));
  holder.kill("SIGKILL");
  await ended;
}

/** @returns why no network can be opened here; undefined when one can */
export async function whyNoOwnNetwork(): Promise<string | undefined> {
  try {
    await (await openOwnNetwork()).close();
    return undefined;
  } catch (error) {
    if (error instanceof NotHere) return error.message;
    throw error;
  }
}

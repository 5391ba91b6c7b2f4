import { createSocket } from "node:dgram";
import { once } from "node:events";

/** What the fake answers for one question; `cname` stands before the addresses of the name it leads to. */
export interface DnsAnswer {
  readonly cname?: string;
  readonly a?: readonly string[];
  readonly aaaa?: readonly (readonly number[])[];
}

export interface DnsServer {
  /** For `Resolver.setServers`. */
  readonly address: string;
  /** Every name asked for, once per question. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** A name server on loopback UDP that speaks enough of RFC 1035 for A, AAAA and CNAME; every answer has TTL 0. Undefined is NXDOMAIN, "silent" no answer at all. */
export async function startDnsServer(answer: (name: string, asked: number) => DnsAnswer | undefined | "silent"): Promise<DnsServer> {
  const socket = createSocket("udp4");
  const asked: string[] = [];
  const rounds = new Map<string, number>();
  socket.on("message", (query, from) => {
    const { name, type, end } = questionOf(query);
    asked.push(name);
    const key = `${name} ${type}`;
    const round = (rounds.get(key) ?? 0) + 1;
    rounds.set(key, round);
    const found = answer(name, round);
    if (found === "silent") return;
    const records = found === undefined ? [] : recordsOf(found, type);
    const head = Buffer.alloc(12);
    query.copy(head, 0, 0, 2);
    head.writeUInt16BE(found === undefined ? 0x8183 : 0x8180, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(records.length, 6);
    socket.send(Buffer.concat([head, query.subarray(12, end), ...records]), from.port, from.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function questionOf(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += length + 1;
  }
  return { name: labels.join(".").toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

const A = 1;
const CNAME = 5;
const AAAA = 28;

function recordsOf({ cname, a = [], aaaa = [] }: DnsAnswer, type: number): Buffer[] {
  const pointer = Buffer.from([0xc0, 12]);
  const target = cname === undefined ? undefined : encodeName(cname);
  const owner = target ?? pointer;
  const addresses = type === A ? a.map((text) => Buffer.from(text.split(".").map(Number))) : type === AAAA ? aaaa.map((groups) => Buffer.from(groups)) : [];
  return [...(target === undefined ? [] : [record(pointer, CNAME, target)]), ...addresses.map((data) => record(owner, type, data))];
}

function record(owner: Buffer, type: number, data: Buffer): Buffer {
  const head = Buffer.alloc(10);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(1, 2);
  head.writeUInt16BE(data.length, 8);
  return Buffer.concat([owner, head, data]);
}

function encodeName(name: string): Buffer {
  return Buffer.concat([...name.split(".").map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, "latin1")])), Buffer.from([0])]);
}

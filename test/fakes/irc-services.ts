/** A small IRC server with services, for what ngIRCd has not: IRCv3 capabilities, SASL, account tags, WHOX. One client at a time; other people are data. */
import { createServer, type AddressInfo, type Socket } from "node:net";
import { waitFor } from "./wait-for.ts";

export interface FakePerson {
  readonly userHost: string;
  readonly account?: string;
}

export interface FakeIrc {
  readonly port: number;
  /** Lines from the client. */
  readonly lines: string[];
  readonly people: Map<string, FakePerson>;
  /** Sends a line as it is. */
  line(text: string): void;
  until(condition: () => boolean): Promise<void>;
  close(): Promise<void>;
}

export interface FakeIrcOptions {
  readonly caps?: readonly string[];
  /** What SASL PLAIN has to decode to. */
  readonly login?: string;
  readonly whox?: boolean;
  /** Nicks that somebody else holds. */
  readonly taken?: Set<string>;
}

export async function startFakeIrc({ caps = [], login, whox = false, taken = new Set() }: FakeIrcOptions = {}): Promise<FakeIrc> {
  const lines: string[] = [];
  const people = new Map<string, FakePerson>();
  const watchers = new Set<() => void>();
  const sockets = new Set<Socket>();
  let client: Socket | undefined;
  let nick = "";
  let wanted = "";
  let negotiating = false;
  let welcomed = false;
  const send = (text: string) => void client?.write(`${text}\r\n`);
  const welcome = () => {
    if (welcomed || negotiating || nick === "") return;
    welcomed = true;
    send(`:irc.fake 001 ${nick} :Welcome`);
    send(`:irc.fake 005 ${nick} CASEMAPPING=rfc1459 CHANTYPES=# ${whox ? "WHOX " : ""}:are supported by this server`);
  };
  const hear = (text: string) => {
    lines.push(text);
    const [command = "", ...params] = text.split(" ");
    if (command === "CAP" && params[0] === "LS") {
      negotiating = true;
      send(`:irc.fake CAP * LS :${caps.map((cap) => (cap === "sasl" ? "sasl=PLAIN,EXTERNAL" : cap)).join(" ")}`);
    } else if (command === "CAP" && params[0] === "REQ") send(`:irc.fake CAP * ACK ${text.slice(text.indexOf(":"))}`);
    else if (command === "CAP" && params[0] === "END") {
      negotiating = false;
      welcome();
    } else if (text === "AUTHENTICATE PLAIN") send("AUTHENTICATE +");
    else if (command === "AUTHENTICATE") {
      const good = Buffer.from(params[0]!, "base64").toString() === login;
      send(good ? `:irc.fake 903 ${nick} :SASL authentication successful` : `:irc.fake 904 ${nick} :SASL authentication failed`);
    } else if (command === "NICK") {
      wanted = params[0]!;
      if (taken.has(wanted)) return send(`:irc.fake 433 ${nick || "*"} ${wanted} :Nickname is already in use`);
      if (welcomed) send(`:${nick}!c@here NICK :${wanted}`);
      nick = wanted;
      welcome();
    } else if (command === "PING") send(`:irc.fake PONG irc.fake ${text.slice(5)}`);
    else if (command === "JOIN") send(`:${nick}!c@here JOIN ${params[0]}${caps.includes("extended-join") ? " * :clanker" : ""}`);
    else if (command === "WHO") {
      const [fields = "", token = ""] = (params[1] ?? "").split(",");
      const shown = fields.includes("c") ? [...people] : [...people].filter(([name]) => name === params[0]);
      for (const [name, { userHost, account }] of shown) {
        const [user, host] = userHost.split("@");
        send(`:irc.fake 354 ${nick} ${token} ${fields.includes("c") ? `${params[0]} ` : ""}${user} ${host} ${name} ${account ?? "0"}`);
      }
      send(`:irc.fake 315 ${nick} ${params[0]} :End of WHO`);
    } else if (command === "WHOIS") {
      const person = people.get(params[0]!);
      if (person === undefined) return send(`:irc.fake 401 ${nick} ${params[0]} :No such nick`);
      const [user, host] = person.userHost.split("@");
      send(`:irc.fake 311 ${nick} ${params[0]} ${user} ${host} * :x`);
      if (person.account !== undefined) send(`:irc.fake 330 ${nick} ${params[0]} ${person.account} :is logged in as`);
      send(`:irc.fake 318 ${nick} ${params[0]} :End of WHOIS`);
    }
  };
  const server = createServer((socket) => {
    client = socket;
    sockets.add(socket);
    [nick, negotiating, welcomed] = ["", false, false];
    let rest = "";
    socket.setEncoding("utf8");
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (chunk) => {
      const parts = (rest + String(chunk)).split("\r\n");
      rest = parts.pop()!;
      parts.forEach(hear);
      watchers.forEach((watch) => watch());
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    lines,
    people,
    line: send,
    until: (condition) => waitFor(watchers, condition),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}

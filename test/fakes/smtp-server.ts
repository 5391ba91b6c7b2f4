/** A submission server (RFC 5321, RFC 4954) that keeps what it takes and fails to order. */
import { createServer, type AddressInfo, type Socket } from "node:net";

export interface SentMail {
  readonly from: string;
  readonly to: readonly string[];
  /** The whole mail as it came. */
  readonly raw: string;
}

export interface FakeSmtp {
  readonly port: number;
  readonly mails: SentMail[];
  /** Everybody that a mail was offered for, taken or not, in order. */
  readonly offered: string[];
  /** What happens to the next mail: an answer to RCPT, or it is taken and the answer is lost. */
  failNext(failure: { readonly rcpt: string } | "lost" | undefined): void;
  close(): Promise<void>;
}

/** @param login absent: nobody has to log in, as between servers. */
export async function startFakeSmtp(login?: { user: string; password: string }): Promise<FakeSmtp> {
  const mails: SentMail[] = [];
  const offered: string[] = [];
  const sockets = new Set<Socket>();
  let failure: { readonly rcpt: string } | "lost" | undefined;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.setEncoding("utf8");
    const say = (line: string) => void socket.write(`${line}\r\n`);
    let rest = "";
    let body: string[] | undefined;
    let mail = { from: "", to: [] as string[] };
    let loggedIn = login === undefined;
    const hear = (line: string) => {
      if (body !== undefined) {
        if (line !== ".") return void body.push(line.startsWith(".") ? line.slice(1) : line);
        mails.push({ ...mail, raw: body.join("\r\n") });
        body = undefined;
        if (failure !== "lost") return say("250 2.0.0 taken");
        failure = undefined;
        return void socket.destroy();
      }
      const command = line.toUpperCase();
      if (command.startsWith("EHLO")) socket.write(`250-smtp.test\r\n${login === undefined ? "" : "250-AUTH PLAIN LOGIN\r\n"}250 8BITMIME\r\n`);
      else if (command.startsWith("AUTH PLAIN ")) {
        loggedIn = Buffer.from(line.slice(11), "base64").toString() === `\0${login?.user}\0${login?.password}`;
        say(loggedIn ? "235 2.7.0 welcome" : "535 5.7.8 authentication failed");
      } else if (command === "QUIT") socket.end("221 bye\r\n");
      else if (command === "RSET" || command === "NOOP") say("250 ok");
      else if (!loggedIn) say("530 5.7.0 authentication required");
      else if (command.startsWith("MAIL FROM:")) {
        mail = { from: /<(.*?)>/.exec(line)?.[1] ?? "", to: [] };
        say("250 ok");
      } else if (command.startsWith("RCPT TO:")) {
        offered.push(/<(.*?)>/.exec(line)?.[1] ?? "");
        if (typeof failure === "object") {
          say(failure.rcpt);
          failure = undefined;
          return;
        }
        mail.to.push(/<(.*?)>/.exec(line)?.[1] ?? "");
        say("250 ok");
      } else if (command === "DATA") {
        body = [];
        say("354 go ahead");
      } else say("500 what?");
    };
    socket.on("data", (chunk) => {
      const lines = (rest + String(chunk)).split("\r\n");
      rest = lines.pop()!;
      lines.forEach(hear);
    });
    say("220 smtp.test ESMTP");
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    mails,
    offered,
    failNext: (wanted) => (failure = wanted),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}

/** Head fields by lower-case name, unfolded, and the first plain text, decoded. */
export function readMail({ raw }: SentMail): { head: Map<string, string>; text: string } {
  const [head = "", ...rest] = raw.split("\r\n\r\n");
  const fields = fieldsOf(head);
  const type = fields.get("content-type") ?? "";
  const boundary = /boundary="?([^";]+)"?/.exec(type)?.[1];
  if (boundary === undefined) return { head: fields, text: decode(rest.join("\r\n\r\n"), fields) };
  const pieces = rest.join("\r\n\r\n").split(`--${boundary}`).slice(1, -1);
  for (const piece of pieces) {
    const inner = readMail({ raw: piece.replace(/^\r\n/, ""), from: "", to: [] });
    const kind = inner.head.get("content-type") ?? "";
    if (kind.startsWith("text/plain") || kind.startsWith("multipart/")) return { head: fields, text: inner.text };
  }
  return { head: fields, text: "" };
}

function fieldsOf(head: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of head.replace(/\r\n[ \t]+/g, " ").split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) fields.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return fields;
}

function decode(body: string, head: Map<string, string>): string {
  const encoding = head.get("content-transfer-encoding")?.toLowerCase();
  const text = body.replace(/\r\n$/, "");
  if (encoding === "base64") return Buffer.from(text, "base64").toString();
  if (encoding !== "quoted-printable") return text;
  const bytes = text.replace(/=\r\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString();
}

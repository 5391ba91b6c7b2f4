/** The mailbox over IMAP: one connection, its folder open. The library owns the socket; it is loaded by the first account and its own log is switched off, for it holds passwords. */
import type { FetchMessageObject, ImapFlow, MessageStructureObject } from "imapflow";
import type { Clock } from "../../core/clock.ts";
import type { EmailAccountConfig } from "./config.ts";
import { type Headers, messageIds, parseHeaders } from "./headers.ts";
import type { Mail, ThreadHead } from "./inbound.ts";
import { EmailTrouble, toTrouble } from "./trouble.ts";

export interface Mailbox {
  /** Ids of mails are good for one of these (RFC 3501 section 2.3.1.1). */
  readonly uidValidity: string;
  /** The id that the next mail will have. */
  readonly uidNext: number;
  /** Resolves when something new may be there, when the time is up or when the connection is over; never rejects. */
  changed(ms: number, signal: AbortSignal): Promise<void>;
  /** Asks whether the server is there. @throws EmailTrouble */
  ping(): Promise<void>;
  /** Mails with a greater id, oldest first. Nothing is marked seen. @throws EmailTrouble */
  after(uid: number): Promise<Mail[]>;
  /** Ids of mails since this day. @throws EmailTrouble */
  since(ms: number): Promise<number[]>;
  markSeen(uid: number): Promise<void>;
  /** One part, decoded; undefined when it is gone. @throws EmailTrouble */
  part(uid: number, part: string, limit: number): Promise<Uint8Array | undefined>;
  /** The newest mail of a thread. @throws EmailTrouble */
  thread(root: string): Promise<ThreadHead | undefined>;
  close(): Promise<void>;
}

/** Words of a mail that are read; what comes behind is left out. */
const MAX_TEXT_BYTES = 256_000;
const MAX_AT_ONCE = 50;
const FIELDS = { uid: true, envelope: true, bodyStructure: true, internalDate: true, headers: true } as const;

/** @throws EmailTrouble */
export async function openMailbox(
  config: EmailAccountConfig,
  { clock, answerMs, signal }: { clock: Clock; answerMs: number; signal: AbortSignal },
): Promise<Mailbox> {
  const { ImapFlow: Client } = await import("imapflow");
  const server = `IMAP server ${config.imap_host}`;
  const client: ImapFlow = new Client({
    host: config.imap_host,
    port: config.imap_port,
    secure: config.imap_security === "tls",
    // Asked for explicitly it must be there: whoever is in between could take the offer away.
    ...(config.imap_security === "tls" ? {} : { doSTARTTLS: config.imap_security === "starttls" }),
    auth: { user: config.user ?? config.address, pass: config.password.reveal() },
    logger: false,
    emitLogs: false,
    disableAutoIdle: true,
    connectionTimeout: answerMs,
    greetingTimeout: answerMs,
    socketTimeout: 10 * answerMs,
    maxLiteralSize: 4_000_000,
  });
  let wake = () => {};
  let news = false;
  let over: Error | undefined;
  const notice = () => {
    news = true;
    wake();
  };
  client.on("exists", notice);
  // Without a listener an error would end the process; what follows from it is told by the call under way, or by the next.
  client.on("error", (error: Error) => (over ??= error));
  client.on("close", () => {
    over ??= new EmailTrouble("email_unreachable", `the ${server} closed the connection`);
    notice();
  });
  /** Every answer is bounded, and every failure is ours. */
  const ask = async <T>(run: () => Promise<T>): Promise<T> => {
    if (over !== undefined) throw toTrouble(over, server);
    const { promise: late, reject } = Promise.withResolvers<never>();
    const cancel = clock.timer(answerMs, () => {
      client.close();
      reject(new EmailTrouble("email_unreachable", `the ${server} did not answer within ${answerMs} ms`));
    });
    try {
      return await Promise.race([run(), late]);
    } catch (error) {
      throw toTrouble(over ?? error, server);
    } finally {
      cancel();
    }
  };
  const stop = () => client.close();
  signal.addEventListener("abort", stop, { once: true });
  try {
    await ask(() => client.connect());
    const folder = await ask(() => client.mailboxOpen(config.folder));
    return mailboxOf(String(folder.uidValidity), folder.uidNext);
  } catch (error) {
    client.close();
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }

  function mailboxOf(uidValidity: string, uidNext: number): Mailbox {
    return {
      uidValidity,
      uidNext,
      async changed(ms, signal) {
        if (!news && over === undefined && !signal.aborted) {
          await new Promise<void>((resolve) => {
            const cancel = clock.timer(ms, resolve);
            wake = () => {
              cancel();
              resolve();
            };
            signal.addEventListener("abort", wake, { once: true });
            // Ends with the next command; a server without IDLE is asked when the time is up.
            void client.idle().catch(() => false);
          });
          signal.removeEventListener("abort", wake);
          wake = () => {};
        }
        news = false;
      },
      ping: () => ask(() => client.noop()),
      async after(uid) {
        const found = await ask(() => client.search({ uid: `${uid + 1}:*` }, { uid: true }));
        // `*` is the last mail, however small its id.
        const uids = (Array.isArray(found) ? found : []).filter((one) => one > uid).toSorted((a, b) => a - b);
        const mails: Mail[] = [];
        for (const one of uids.slice(0, MAX_AT_ONCE)) {
          const fetched = await ask(() => client.fetchOne(one, FIELDS, { uid: true }));
          if (fetched) mails.push(await mailOf(fetched, uidValidity));
        }
        if (uids.length > MAX_AT_ONCE) news = true;
        return mails;
      },
      async since(ms) {
        const found = await ask(() => client.search({ since: new Date(ms) }, { uid: true }));
        return (Array.isArray(found) ? found : []).toSorted((a, b) => a - b);
      },
      async markSeen(uid) {
        await ask(() => client.messageFlagsAdd(uid, ["\\Seen"], { uid: true }));
      },
      part: bytesOf,
      async thread(root) {
        const header = (name: string) => ({ header: { [name]: root } });
        const found = await ask(() => client.search({ or: [header("message-id"), header("references")] }, { uid: true }));
        const last = Array.isArray(found) ? found.toSorted((a, b) => a - b).at(-1) : undefined;
        const fetched = last === undefined ? false : await ask(() => client.fetchOne(last, { envelope: true, headers: true }, { uid: true }));
        if (!fetched || fetched.headers === undefined) return undefined;
        return headOf(parseHeaders(fetched.headers), fetched.envelope?.subject ?? "");
      },
      async close() {
        if (over === undefined) await ask(() => client.logout()).catch(() => {});
        client.close();
      },
    };
  }

  async function mailOf(fetched: FetchMessageObject, uidValidity: string): Promise<Mail> {
    const leaves = leavesOf(fetched.bodyStructure);
    const isWords = (leaf: MessageStructureObject, type: string) => leaf.type === type && leaf.disposition !== "attachment";
    const words = leaves.find((leaf) => isWords(leaf, "text/plain")) ?? leaves.find((leaf) => isWords(leaf, "text/html"));
    const bytes = words === undefined ? undefined : await bytesOf(fetched.uid, words.part ?? "1", MAX_TEXT_BYTES);
    const others = leaves.filter((leaf) => leaf !== words && !(leaf.type === "text/html" && leaf.disposition !== "attachment"));
    return {
      uid: fetched.uid,
      uidValidity,
      headers: parseHeaders(fetched.headers ?? new Uint8Array()),
      from: fetched.envelope?.from ?? [],
      subject: fetched.envelope?.subject ?? "",
      at: new Date(fetched.internalDate ?? clock.now()).getTime(),
      ...(words === undefined || bytes === undefined
        ? {}
        : { text: { type: words.type === "text/html" ? "html" : "plain", words: new TextDecoder().decode(bytes) } as const }),
      attachments: others.slice(0, 20).map((leaf) => ({
        part: leaf.part ?? "1",
        type: leaf.type,
        name: leaf.dispositionParameters?.["filename"] ?? leaf.parameters?.["name"],
        // As it stands on the wire: base64 takes a third more.
        size: leaf.size === undefined ? undefined : leaf.encoding?.toLowerCase() === "base64" ? Math.floor((leaf.size * 3) / 4.1) : leaf.size,
      })),
    };
  }

  async function bytesOf(uid: number, part: string, limit: number): Promise<Uint8Array | undefined> {
    const { content } = await ask(() => client.download(uid, part, { uid: true, maxBytes: limit + 1 }));
    if (content === undefined) return undefined;
    const chunks: Uint8Array[] = [];
    await ask(async () => {
      for await (const chunk of content) chunks.push(chunk as Uint8Array);
    });
    const bytes = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0));
    let at = 0;
    for (const chunk of chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return bytes;
  }
}

/** What an answer to this mail refers to (RFC 5322 section 3.6.4). */
export function headOf(headers: Headers, subject: string): ThreadHead {
  const [lastId] = messageIds(headers.get("message-id")?.[0]);
  const references = messageIds(headers.get("references")?.[0]);
  return { subject, lastId, references: [...references, ...(lastId === undefined ? [] : [lastId])] };
}

/** A forwarded mail is one leaf: what is inside it is not this mail's. */
function leavesOf(node: MessageStructureObject | undefined): MessageStructureObject[] {
  if (node === undefined) return [];
  if (node.childNodes === undefined || node.childNodes.length === 0 || node.type === "message/rfc822") return [node];
  return node.childNodes.flatMap(leavesOf);
}

/** One mail to the SMTP server. The library owns the socket; its own log is switched off, for it holds passwords. */
import { Readable } from "node:stream";
import { ChannelError } from "../../core/errors.ts";
import type { EmailAccountConfig } from "./config.ts";
import { CERTIFICATE_HINT, EmailTrouble, toTrouble } from "./trouble.ts";

export interface Attachment {
  readonly filename: string;
  readonly contentType: string;
  readonly content: Uint8Array;
}

export interface Outgoing {
  readonly to: string;
  readonly subject: string;
  readonly messageId: string;
  readonly inReplyTo?: string | undefined;
  readonly references: readonly string[];
  readonly text: string;
  readonly html: string;
  readonly attachments: readonly Attachment[];
  /** Wall milliseconds. */
  readonly date: number;
}

async function transportOf(config: EmailAccountConfig, answerMs: number) {
  const { createTransport } = await import("nodemailer");
  return createTransport({
    host: config.smtp_host,
    port: config.smtp_port,
    secure: config.smtp_security === "tls",
    requireTLS: config.smtp_security === "starttls",
    ignoreTLS: config.smtp_security === "none",
    auth: { user: config.user ?? config.address, pass: config.password.reveal() },
    connectionTimeout: answerMs,
    greetingTimeout: answerMs,
    socketTimeout: answerMs,
    logger: false,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

/** Whether the server takes mail from us. @throws EmailTrouble */
export async function checkSubmission(config: EmailAccountConfig, { answerMs, signal }: { answerMs: number; signal: AbortSignal }): Promise<void> {
  const transport = await transportOf(config, answerMs);
  const stop = () => transport.close();
  signal.addEventListener("abort", stop, { once: true });
  try {
    await transport.verify();
  } catch (error) {
    throw toTrouble(error, `SMTP server ${config.smtp_host}`);
  } finally {
    signal.removeEventListener("abort", stop);
    transport.close();
  }
}

/** @throws ChannelError: `unknown` once the server has begun to take the words and then says neither yes nor no. */
export async function submit(config: EmailAccountConfig, mail: Outgoing, { answerMs, signal }: { answerMs: number; signal: AbortSignal }): Promise<void> {
  const raw = await compose(config, mail);
  const transport = await transportOf(config, answerMs);
  const stop = () => transport.close();
  signal.addEventListener("abort", stop, { once: true });
  const progress = { begun: false };
  try {
    if (signal.aborted) throw new ChannelError("email_unreachable", "stopped before the mail was sent", "retry");
    await transport.sendMail({ envelope: { from: config.address, to: [mail.to] }, raw: Readable.from(watched(raw, progress)) });
  } catch (error) {
    throw toChannelError(error, { begun: progress.begun, server: config.smtp_host });
  } finally {
    signal.removeEventListener("abort", stop);
    transport.close();
  }
}

/** Read means: the server has said "go ahead" (354), and whatever comes now may be taken. */
function* watched(raw: Uint8Array, progress: { begun: boolean }): Generator<Uint8Array> {
  progress.begun = true;
  yield raw;
}

async function compose(config: EmailAccountConfig, mail: Outgoing): Promise<Uint8Array> {
  const { default: MailComposer } = await import("nodemailer/lib/mail-composer");
  const composer = new MailComposer({
    from: { name: config.display_name, address: config.address },
    to: mail.to,
    subject: mail.subject,
    messageId: mail.messageId,
    ...(mail.inReplyTo === undefined ? {} : { inReplyTo: mail.inReplyTo }),
    ...(mail.references.length === 0 ? {} : { references: [...mail.references] }),
    text: mail.text,
    ...(mail.html === "" ? {} : { html: mail.html }),
    date: new Date(mail.date),
    attachments: mail.attachments.map(({ filename, contentType, content }) => ({ filename, contentType, content: Buffer.from(content) })),
    // RFC 3834 section 5: other machines must not answer us.
    headers: { "Auto-Submitted": mail.inReplyTo === undefined ? "auto-generated" : "auto-replied", "X-Auto-Response-Suppress": "All" },
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return await composer.compile().build();
}

function toChannelError(error: unknown, { begun, server }: { begun: boolean; server: string }): ChannelError {
  if (error instanceof ChannelError) return error;
  const { responseCode, response, code } = (error ?? {}) as { responseCode?: unknown; response?: unknown; code?: unknown };
  if (code === "EAUTH")
    return new ChannelError("email_login_refused", `the SMTP server ${server} refuses the login`, "permanent", {
      hint: "Check user and password; many providers want an app password",
    });
  const answer = `the SMTP server answered ${String(response ?? responseCode).slice(0, 300)}`;
  // RFC 5321 section 4.2.1: 4yz may be tried again, 5yz may not.
  if (typeof responseCode === "number" && responseCode >= 500)
    return new ChannelError("email_refused", answer, "permanent", { hint: "Its answer says why; check the address" });
  if (typeof responseCode === "number" && responseCode >= 400) return new ChannelError("email_try_later", answer, "retry", { retryAfterMs: 60_000 });
  const trouble = error instanceof EmailTrouble ? error : toTrouble(error, `SMTP server ${server}`);
  // Waits for the owner as a server that is away does: nothing was said to whoever answered there.
  if (trouble.code === "email_certificate_refused") return new ChannelError(trouble.code, trouble.message, "retry", { hint: CERTIFICATE_HINT });
  return new ChannelError("email_unreachable", trouble.message, begun ? "unknown" : "retry");
}

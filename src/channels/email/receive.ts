/**
 * The first step of the hall: mail is read from the mailbox. Always true: a mail is marked seen only after its row is committed (P1), with the position behind it;
 * nothing else is changed there, and what is not for us stays unread.
 */
import { keepConnected } from "../../lib/keep-trying/index.ts";
import { type EmailAccount, recover, rememberThread } from "./account.ts";
import { translate } from "./inbound.ts";
import { type Mailbox, openMailbox } from "./mailbox.ts";
import { checkSubmission } from "./submit.ts";

/** After a mailbox was made anew, mail of this time is looked through again; keys make duplicates of what is known. */
const AGAIN_MS = 7 * 24 * 3_600_000;

/** Reads until `signal` aborts. Never rejects. */
export function receiveMail(account: EmailAccount, signal: AbortSignal): Promise<void> {
  const { deps, timing, config } = account;
  return keepConnected(account, { channel: "email", signal, recover }, async () => {
    const mailbox = await openMailbox(config, { clock: deps.clock, answerMs: timing.answerMs, signal });
    try {
      if (signal.aborted) return;
      await checkSubmission(config, { answerMs: timing.answerMs, signal });
      await serve(account, mailbox, signal);
    } finally {
      account.mailbox = undefined;
      await mailbox.close();
    }
  });
}

/** How far the mailbox is read. */
interface Position {
  readonly uidValidity: string;
  readonly uid: number;
}

async function serve(account: EmailAccount, mailbox: Mailbox, signal: AbortSignal): Promise<void> {
  const { timing, health } = account;
  let position = await beginning(account, mailbox);
  account.mailbox = mailbox;
  health.identify(account.config.address);
  while (!signal.aborted) {
    for (const mail of await mailbox.after(position.uid)) {
      if (signal.aborted) return;
      position = { uidValidity: mailbox.uidValidity, uid: mail.uid };
      await take(account, mail, { mailbox, position });
    }
    health.alive();
    await mailbox.changed(timing.pingMs, signal);
    if (signal.aborted) return;
    await mailbox.ping();
  }
}

/** Old mail is not answered: the first time it begins behind everything that is there. */
async function beginning(account: EmailAccount, mailbox: Mailbox): Promise<Position> {
  const { deps } = account;
  const [uidValidity, uid] = ((await deps.cursor("mailbox")) ?? "").split(":");
  if (uidValidity === mailbox.uidValidity && Number.isSafeInteger(Number(uid))) return { uidValidity, uid: Number(uid) };
  // The ids of before mean nothing any more: the mailbox was restored or moved.
  const again = uidValidity ? (await mailbox.since(deps.clock.now() - AGAIN_MS))[0] : undefined;
  const position = { uidValidity: mailbox.uidValidity, uid: (again ?? mailbox.uidNext) - 1 };
  if (uidValidity) deps.log.warn("email: the mailbox was made anew; the mail of the last days is looked through again", { folder: account.config.folder });
  await deps.intake.receive([], cursorOf(account, position));
  return position;
}

function cursorOf({ config }: EmailAccount, { uidValidity, uid }: Position) {
  return { channel: "email", account: config.account, name: "mailbox", value: `${uidValidity}:${uid}` };
}

async function take(
  account: EmailAccount,
  mail: Parameters<typeof translate>[0],
  { mailbox, position }: { mailbox: Mailbox; position: Position },
): Promise<void> {
  const { deps, config, health } = account;
  const translated = translate(mail, {
    account: config.account,
    address: config.address,
    authservId: config.authserv_id,
    acceptUnverified: config.accept_unverified,
  });
  if ("skipped" in translated) {
    deps.log.info("email not handed in", { reason: translated.skipped });
    await deps.intake.receive([], cursorOf(account, position));
    return;
  }
  const { update, thread } = translated;
  const [outcome] = await deps.intake.receive([update], cursorOf(account, position));
  health.heard();
  deps.metrics.count("channel_updates", { channel: "email", account: config.account }, 1);
  // A stranger's mail stays as it is (sec-34).
  if (outcome === undefined || outcome.kind === "refused") return;
  if (update.address.thread !== undefined) rememberThread(account, update.address.thread, thread);
  try {
    await mailbox.markSeen(mail.uid);
  } catch (error) {
    // It is committed; whether it is shown as read is a courtesy.
    deps.log.debug("email not marked as read", { error });
  }
}

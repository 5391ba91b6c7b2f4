/**
 * Hands rows to step 1 of the hall (turn/receive). Always true: the position on record moves only with the rows it covers (P1); a row that cannot be translated is
 * skipped and never holds up the others.
 */
import type { Outcome } from "../../core/intake.ts";
import type { Update } from "../../core/update.ts";
import { type ImessageAccount, remember } from "./account.ts";
import { toChannelError } from "./failure.ts";
import { changeUpdate, type InboundContext, rowUpdate } from "./inbound.ts";
import type { Row } from "./row.ts";
import type { Feed } from "./way.ts";

const QUOTED = 300;
/** Nobody waits for an answer to something older; and a Mac that catches up with iCloud gives new numbers to what was said years ago. */
const MAX_AGE_MS = 7 * 24 * 3_600_000;
/** Rows of one commit. */
const BATCH = 50;

export function createFeed(account: ImessageAccount): Feed {
  const { deps, config, health, ours, texts } = account;
  const context: InboundContext = {
    account: config.account,
    names: config.names,
    isOurs: (guid) => ours.has(guid),
    textOf: (guid) => texts.get(guid),
  };
  let base: number | undefined;
  const hand = async (updates: readonly Update[], position?: number): Promise<void> => {
    const moves = position !== undefined && position !== account.position;
    if (updates.length === 0 && !moves) return;
    const cursor = { channel: "imessage", account: config.account, name: "rowid", value: String(position) };
    const outcomes = await deps.intake.receive(updates, moves ? cursor : undefined);
    if (moves) account.position = position;
    if (updates.length === 0) return;
    health.heard();
    deps.metrics.count("channel_updates", { channel: "imessage", account: config.account }, updates.length);
    markRead(account, updates, outcomes);
  };
  const translated = (row: Row, translate: typeof rowUpdate): Update[] => {
    try {
      const update = translate(row, context);
      return update === undefined ? [] : [update];
    } catch (error) {
      deps.log.warn("imessage row skipped: it could not be read", { rowid: row.rowid, error });
      return [];
    }
  };
  const isRecent = ({ at }: Row) => at === 0 || at > deps.clock.now() - MAX_AGE_MS;
  const learn = (row: Row) => {
    if (row.fromMe) remember(ours, row.guid, "");
    if (row.text !== "") remember(texts, row.guid, row.text.slice(0, QUOTED));
  };
  return {
    position: () => account.position,
    // The first one holds, also when it could not be written down at once.
    begin: (rowid) => hand([], (base ??= rowid)),
    async said(rows) {
      for (let at = 0; at < rows.length; at += BATCH) {
        const batch = rows.slice(at, at + BATCH);
        for (const row of batch) learn(row);
        const position = Math.max(account.position ?? 0, ...batch.map(({ rowid }) => rowid));
        await hand(
          batch.filter(isRecent).flatMap((row) => translated(row, rowUpdate)),
          position,
        );
      }
    },
    async changed(rows) {
      for (const row of rows) learn(row);
      await hand(rows.flatMap((row) => translated(row, changeUpdate)));
    },
    alive(trouble) {
      if (trouble === undefined) health.alive();
      else health.limping(trouble.code, trouble.detail);
    },
  };
}

/** Strangers learn nothing: only conversations in which something was let in. */
function markRead({ config, background, way, deps }: ImessageAccount, updates: readonly Update[], outcomes: readonly Outcome[]): void {
  if (!config.private_api || !config.read_receipts) return;
  const read = updates.filter(({ type }, index) => type === "message" && ["turn", "command"].includes(outcomes[index]?.kind ?? ""));
  for (const chat of new Set(read.map(({ address }) => address.conversation)))
    background.run(async (signal) => {
      try {
        await way.markRead(chat, signal);
      } catch (error) {
        deps.log.debug("imessage: not marked as read", { error: toChannelError(error, "repeatable") });
      }
    });
}

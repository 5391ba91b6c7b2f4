/**
 * Hall, step 3, before each model call: the owner's budgets per day and per session. What must stay true: they are worked out from what the store has on record, so a
 * restart forgets nothing; a call that was let through may pass a limit once, the next one is not let through (fault-42).
 */
import type { Clock } from "../core/clock.ts";
import { ClankerError } from "../core/errors.ts";
import { startOfDay } from "../core/local-day.ts";
import type { Usage } from "../core/model.ts";
import { costOf, countedTokens, type PriceOf } from "../core/price.ts";
import type { Store } from "../core/store.ts";

/** 0 = no limit. */
export interface Budgets {
  readonly dayTokens: number;
  readonly dayUsd: number;
  readonly sessionTokens: number;
  readonly sessionUsd: number;
}

export const NO_BUDGETS: Budgets = { dayTokens: 0, dayUsd: 0, sessionTokens: 0, sessionUsd: 0 };

/** What was spent within a time or by a session. */
export interface Spent {
  readonly turns: number;
  readonly usage: Usage;
  readonly tokens: number;
  /** US dollars, of the models whose price is known. */
  readonly usd: number;
  /** Models whose price nobody has told. */
  readonly unpriced: readonly string[];
}

export interface Spending {
  /** Why no model may be asked for this session now. */
  refusal(rootSession: string): Promise<ClankerError | undefined>;
  /** Since local midnight. */
  today(): Promise<Spent>;
  session(id: string): Promise<Spent>;
  budgets(): Budgets;
}

export interface SpendingDeps {
  readonly store: Pick<Store, "sumUsage">;
  readonly clock: Clock;
  readonly timeZone: string;
  readonly budgets: () => Budgets;
  readonly priceOf: PriceOf;
}

const MAX_MODELS = 1_000;

export function createSpending({ store, clock, timeZone, budgets, priceOf }: SpendingDeps): Spending {
  const spent = async (query: { from?: number; sessionId?: string }) => addUp(await store.sumUsage({ ...query, limit: MAX_MODELS }), priceOf);
  const today = () => spent({ from: startOfDay(clock.now(), timeZone) });
  const session = (sessionId: string) => spent({ sessionId });
  return {
    today,
    session,
    budgets,
    async refusal(rootSession) {
      const { dayTokens, dayUsd, sessionTokens, sessionUsd } = budgets();
      if (dayTokens > 0 || dayUsd > 0) {
        const { tokens, usd } = await today();
        const until = "It begins anew at midnight; the owner can raise";
        if (dayTokens > 0 && tokens >= dayTokens) return spentUp(`today's budget of ${dayTokens} tokens is spent`, `${until} usage.day_tokens.`);
        if (dayUsd > 0 && usd >= dayUsd) return spentUp(`today's budget of ${money(dayUsd)} is spent`, `${until} usage.day_usd.`);
      }
      if (sessionTokens > 0 || sessionUsd > 0) {
        const { tokens, usd } = await session(rootSession);
        const anew = "Begin a new conversation with /new; the owner can raise";
        if (sessionTokens > 0 && tokens >= sessionTokens)
          return spentUp(`this conversation's budget of ${sessionTokens} tokens is spent`, `${anew} usage.session_tokens.`);
        if (sessionUsd > 0 && usd >= sessionUsd) return spentUp(`this conversation's budget of ${money(sessionUsd)} is spent`, `${anew} usage.session_usd.`);
      }
      return undefined;
    },
  };
}

/** Rows of different models as one sum. */
export function addUp(rows: readonly { readonly model: string; readonly turns: number; readonly usage: Usage }[], priceOf: PriceOf): Spent {
  let usd = 0;
  const sum = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
  const unpriced: string[] = [];
  for (const { model, usage } of rows) {
    const price = priceOf(model);
    if (price === undefined) unpriced.push(model);
    else usd += costOf(usage, price);
    for (const kind of Object.keys(sum) as (keyof Usage)[]) sum[kind] += usage[kind];
  }
  return { turns: rows.reduce((turns, row) => turns + row.turns, 0), usage: sum, tokens: countedTokens(sum), usd, unpriced: [...new Set(unpriced)] };
}

function spentUp(what: string, hint: string): ClankerError {
  return new ClankerError("budget_spent", what, { hint });
}

/** US dollars as people read them: cents, and more places below a cent. */
export function money(usd: number): string {
  return `$${usd === 0 || usd >= 0.01 ? usd.toFixed(2) : usd.toPrecision(2)}`;
}

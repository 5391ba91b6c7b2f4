import { dayNames, startOfDay } from "../../core/local-day.ts";
import { costOf, countedTokens } from "../../core/price.ts";
import type { Store } from "../../core/store.ts";
import { v } from "../../lib/schema/index.ts";
import { addUp, type Spent } from "../../turn/spending.ts";
import type { GatewayDeps } from "../deps.ts";
import { findSession } from "../find-session.ts";
import { defineMethod } from "../method.ts";
import { limit, sessionRef, usage, wholeNumber } from "./schemas.ts";

const spent = v.object({ turns: v.number(), usage, tokens: v.number(), usd: v.number(), unpriced: v.array(v.string()) });

function describeSpent({ turns, usage, tokens, usd, unpriced }: Spent): v.InferInput<typeof spent> {
  return { turns, usage, tokens, usd: rounded(usd), unpriced: [...unpriced] };
}

/** To a millionth of a dollar: sums of fractions have no more to say. */
function rounded(usd: number): number {
  return Math.round(usd * 1_000_000) / 1_000_000;
}

const DAY_MS = 86_400_000;
/** Rows of the store that one answer is worked out from. */
const MAX_ROWS = 100_000;

type Row = Awaited<ReturnType<Store["sumUsage"]>>[number];

export const usageMethods = [
  defineMethod({
    name: "usage.status",
    summary: "What was spent since local midnight, the budgets, and turns and tokens by model since a wall time in milliseconds.",
    params: v.strictObject({ since: v.optional(wholeNumber, 0), session: v.optional(sessionRef) }),
    result: v.object({
      since: v.number(),
      models: v.array(v.object({ model: v.string(), turns: v.number(), usage })),
      today: spent,
      /** Of the named session, with its sub-agents. */
      session: v.optional(spent),
      /** 0 = no limit. */
      budgets: v.object({ day_tokens: v.number(), day_usd: v.number(), session_tokens: v.number(), session_usd: v.number() }),
      time_zone: v.string(),
      prices_as_of: v.string(),
    }),
    scope: "read",
    handler: async ({ since, session }, { deps }) => {
      const sessionId = session === undefined ? undefined : (await findSession(deps.store, session)).id;
      const { spending, timeZone, pricesAsOf } = deps.usage;
      const budgets = spending.budgets();
      return {
        since,
        models: await deps.store.usageByModel({ since, ...(sessionId === undefined ? {} : { sessionId }) }),
        today: describeSpent(await spending.today()),
        ...(sessionId === undefined ? {} : { session: describeSpent(await spending.session(sessionId)) }),
        budgets: {
          day_tokens: budgets.dayTokens,
          day_usd: budgets.dayUsd,
          session_tokens: budgets.sessionTokens,
          session_usd: budgets.sessionUsd,
        },
        time_zone: timeZone,
        prices_as_of: pricesAsOf,
      };
    },
  }),
  defineMethod({
    name: "usage.cost",
    summary: "Tokens and money by model, day, session or turn, the newest first; a model without a price has tokens and no `usd`.",
    params: v.strictObject({
      by: v.optional(v.picklist(["model", "day", "session", "turn"]), "model"),
      /** Local days that are looked back, today included; `from` (wall milliseconds) goes before it. */
      days: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(366)), 30),
      from: v.optional(wholeNumber),
      to: v.optional(wholeNumber),
      session: v.optional(sessionRef),
      limit: v.optional(limit(1_000), 200),
    }),
    result: v.object({
      from: v.number(),
      rows: v.array(v.object({ key: v.string(), model: v.string(), turns: v.number(), usage, tokens: v.number(), usd: v.optional(v.number()) })),
      /** More than `limit` rows were there. */
      more: v.boolean(),
      total: spent,
      prices_as_of: v.string(),
    }),
    scope: "read",
    handler: async ({ by, days, from: given, to, session, limit: most }, { deps }) => {
      const { timeZone, pricesAsOf } = deps.usage;
      const from = given ?? startOfDay(startOfDay(deps.clock.now(), timeZone) - (days - 1.5) * DAY_MS, timeZone);
      const sessionId = session === undefined ? undefined : (await findSession(deps.store, session)).id;
      const query = { from, limit: MAX_ROWS, ...(to === undefined ? {} : { to }), ...(sessionId === undefined ? {} : { sessionId }) };
      const total = await deps.store.sumUsage(query);
      const found = by === "model" ? total : await deps.store.sumUsage({ ...query, by: by === "day" ? "slot" : by });
      const rows = by === "day" ? perDay(found, timeZone) : found;
      return {
        from,
        rows: rows.slice(0, most).map((row) => describeRow(row, deps)),
        more: rows.length > most,
        total: describeSpent(addUp(total, deps.usage.priceOf)),
        prices_as_of: pricesAsOf,
      };
    },
  }),
];

function describeRow({ key, model, turns, usage }: Row, { usage: { priceOf } }: GatewayDeps) {
  const price = priceOf(model);
  const usd = price === undefined ? {} : { usd: rounded(costOf(usage, price)) };
  return { key, model, turns, usage, tokens: countedTokens(usage), ...usd };
}

/** Quarters of an hour as local days. A turn across midnight counts in both. */
function perDay(rows: readonly Row[], timeZone: string): Row[] {
  const dayName = dayNames(timeZone);
  const days = new Map<string, Row>();
  for (const row of rows) {
    const day = dayName(Number(row.key));
    const key = `${day} ${row.model}`;
    const before = days.get(key);
    const add = (kind: keyof Row["usage"]) => row.usage[kind] + (before?.usage[kind] ?? 0);
    const usage = { input: add("input"), output: add("output"), cacheRead: add("cacheRead"), cacheWrite: add("cacheWrite") };
    days.set(key, { key: day, model: row.model, turns: row.turns + (before?.turns ?? 0), usage });
  }
  return [...days.values()].toSorted((a, b) => b.key.localeCompare(a.key) || a.model.localeCompare(b.model));
}

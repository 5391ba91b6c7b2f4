import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, systemRandom } from "../../src/app/system.ts";
import type { ToolCallPart } from "../../src/core/entry.ts";
import { silentLog } from "../../src/core/log.ts";
import { textMessage } from "../../src/core/message.ts";
import { silentMetrics } from "../../src/core/metrics.ts";
import { labelOf, type Principal } from "../../src/core/principal.ts";
import type { StartedTurn, Store } from "../../src/core/store.ts";
import type { Gate, Tool } from "../../src/core/tool.ts";
import { createGate } from "../../src/security/gate.ts";
import { createSqliteStore } from "../../src/store/sqlite/index.ts";
import { callTool, type CallToolDeps } from "../../src/turn/call-tool.ts";
import { createTurnLabel } from "../../src/turn/turn-label.ts";
import type { BenchContext } from "../bench-context.ts";
import type { Measured } from "../rows.ts";
import { median } from "../statistics.ts";

const PERSON: Principal = { person: "owner", class: "owner", where: { channel: "bench", account: "default", conversation: "1" }, direct: true };
const LEASE_MS = 600_000;

/** A tool that changes something, so that its intent and its outcome are both written, and that costs nothing itself. */
const TOOL: Tool = {
  spec: { name: "note", description: "keeps a note", parameters: { type: "object", properties: { text: { type: "string" } }, additionalProperties: false } },
  effects: ["write"],
  idempotent: false,
  parallel: false,
  timeoutMs: 10_000,
  run: async () => ({ text: "kept", error: false }),
};

/**
 * The same call by the same code on the same store, in turns: with the gate and both records of the audit, and with neither. Where there is a disk in memory it is used:
 * the audit adds no commit, and how long this disk takes for the two that are there anyway swings by more than what is measured.
 */
export async function measureToolCall({ by }: BenchContext): Promise<Measured[]> {
  const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "clanker-bench-"));
  const store = await createSqliteStore({ path: join(folder, "tool-call.db"), clock: systemClock });
  try {
    const rounds = by(300, 1_500);
    const calls = Array.from({ length: 2 * rounds }, (_, index): ToolCallPart => ({
      type: "call",
      id: `call-${index}`,
      name: "note",
      args: { text: `ten words that somebody wants to be kept, number ${index}` },
    }));
    const started = await beginTurn(store, calls);
    const guarded = depsOf(
      store,
      createGate(() => ({ agent: { allow: ["*"], deny: ["shell"], ask: ["process"] } })),
    );
    const bare = depsOf(withoutAudit(store), { decide: () => ({ kind: "allow" }), advertised: (_context, tools) => [...tools] });
    const [withBoth, without]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      withBoth.push(await timeOf(() => callTool(calls[2 * round]!, started, guarded, new AbortController().signal)));
      without.push(await timeOf(() => callTool(calls[2 * round + 1]!, started, bare, new AbortController().signal)));
    }
    const [most, least] = [median(withBoth), median(without)];
    return [{ row: "gate-audit", value: most - least, note: `a whole call ${most.toFixed(2)} ms` }];
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function timeOf(act: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await act();
  return performance.now() - from;
}

function depsOf(store: Store, gate: Gate): CallToolDeps {
  const hub = { publish: () => {} };
  const nobody = () => Promise.reject(new Error("nobody is asked here"));
  const approvals = new Proxy({} as CallToolDeps["approvals"], { get: () => nobody });
  const label = createTurnLabel(labelOf(PERSON));
  const powers = { clock: systemClock, random: systemRandom, log: silentLog, metrics: silentMetrics, timeZone: "UTC" };
  return { store, gate, tools: [TOOL], approvals, subAgents: { handOver: nobody }, label, hub, ...powers };
}

function withoutAudit(store: Store): Store {
  return {
    ...store,
    startCall: ({ fence, callId, now }) => store.startCall({ fence, callId, now }),
    finishCall: ({ fence, callId, status, entry, now }) => store.finishCall({ fence, callId, status, entry, now }),
  };
}

/** A running turn whose only step has asked for these calls. */
async function beginTurn(store: Store, calls: readonly ToolCallPart[]): Promise<StartedTurn> {
  const now = systemClock.now();
  await store.boot({ now, instance: "bench" });
  const update = {
    type: "message" as const,
    key: "msg:1",
    address: PERSON.where,
    sender: { id: "1" },
    direct: true,
    at: now,
    messageId: "1",
    message: textMessage("go"),
    addressed: true,
  };
  const content = { role: "user" as const, message: update.message, envelope: { channel: "bench", direct: true, at: now }, addressed: true };
  const [accepted] = await store.acceptUpdates({
    items: [
      {
        kind: "turn",
        channel: "bench",
        account: "default",
        key: update.key,
        update,
        messageId: "m1",
        turnId: "t1",
        session: { id: "s1", key: "agent:main:main", agent: "main" },
        principal: PERSON,
        label: labelOf(PERSON),
        queueMode: "queue",
        notBefore: now,
        claim: true,
        address: PERSON.where,
        options: {},
        entry: { content, principal: PERSON, label: labelOf(PERSON), tokens: 3, at: now },
      },
    ],
    now,
    owner: "bench",
    leaseMs: LEASE_MS,
  });
  if (accepted?.kind !== "accepted" || accepted.started === undefined) throw new Error("the turn was not started");
  const { started } = accepted;
  const said = { role: "assistant" as const, parts: [...calls], model: "bench:none", stop: "calls" as const };
  await store.commitStep({
    fence: started.fence,
    turnId: started.turn.id,
    entry: { content: said, principal: PERSON, label: labelOf(PERSON), tokens: 3, turnId: started.turn.id, at: now },
    calls: calls.map((call) => ({ ...call, idempotent: false })),
    usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
    model: said.model,
    now,
  });
  return started;
}

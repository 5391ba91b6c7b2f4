/** The books of a world that has come to rest: accepted = answered + dead letters + cancelled; what a platform shows is what was planned; order per person. */
import type { SimWorld } from "./sim-world.ts";

interface Finding {
  readonly promise: string;
  readonly text: string;
}

/** What still waits for something. */
export function findUnrest(world: SimWorld): string[] {
  const unrest: string[] = [];
  const turns = world.watch.rows<{ id: string; status: string }>("SELECT id, status FROM turns WHERE ended_at IS NULL");
  for (const { id, status } of turns) unrest.push(`turn ${id} is still ${status}`);
  const deliveries = world.watch.rows<{ id: string; status: string }>("SELECT id, status FROM deliveries WHERE status IN ('open', 'draft')");
  for (const { id, status } of deliveries) unrest.push(`delivery ${id} is still ${status}`);
  const waiting = world.watch.rows<{ key: string }>("SELECT key FROM inbox WHERE pending = 1 AND waits = 'turn'");
  for (const { key } of waiting) unrest.push(`${key} waits for a turn`);
  const leases = world.watch.rows<{ lease: string; owner: string }>("SELECT lease, owner FROM leases WHERE owner IS NOT NULL AND lease LIKE 'lane:%'");
  for (const { lease, owner } of leases) unrest.push(`${lease} is still held by ${owner}`);
  for (const { update, acknowledged } of [...world.platform.updates, ...world.watch.asked])
    if (!acknowledged) unrest.push(`${update.key} was never acknowledged`);
  return unrest;
}

/** @returns what does not add up. */
export function settleAccounts(world: SimWorld): Finding[] {
  return [...messages(world), ...order(world), ...calls(world), ...answers(world), ...shown(world)];
}

/** Every message that was to be answered has a turn that ended, and stands in the transcript once if that turn was done. */
function messages(world: SimWorld): Finding[] {
  const rows = world.watch.rows<{ key: string; status: string; times: number }>(
    `SELECT i.key, t.status, (SELECT COUNT(*) FROM entries e WHERE e.message_id = i.id) AS times FROM inbox i LEFT JOIN turns t ON t.id = i.turn_id
     WHERE i.waits = 'turn'`,
  );
  return rows.flatMap(({ key, status, times }) => {
    if (status === null) return [{ promise: "P1", text: `${key} has no turn` }];
    if (times > 1) return [{ promise: "P3", text: `${key} stands in the transcript ${times} times` }];
    return times === 0 ? [{ promise: "P1", text: `${key} of a ${status} turn is not in the transcript` }] : [];
  });
}

/** What one person said in one session is told in the order in which it was accepted; what was cancelled stands where that was done. */
function order(world: SimWorld): Finding[] {
  const rows = world.watch.rows<{ key: string; seq: number; lane: string }>(
    `SELECT i.key, i.seq, e.session_id || ' ' || i.principal AS lane FROM entries e JOIN inbox i ON i.id = e.message_id
       JOIN turns t ON t.id = i.turn_id WHERE i.waits = 'turn' AND t.status <> 'cancelled'
     ORDER BY e.session_id, e.number`,
  );
  const last = new Map<string, { key: string; seq: number }>();
  return rows.flatMap((row) => {
    const before = last.get(row.lane);
    last.set(row.lane, row);
    return before !== undefined && before.seq > row.seq ? [{ promise: "P3", text: `${row.key} stands behind ${before.key}, which came later` }] : [];
  });
}

/** A result right behind every call, and a ledger without open lines. */
function calls(world: SimWorld): Finding[] {
  const findings: Finding[] = [];
  for (const { id, status } of world.watch.rows<{ id: string; status: string }>("SELECT id, status FROM tool_calls WHERE finished_at IS NULL"))
    findings.push({ promise: "P4", text: `call ${id} is still ${status}` });
  let open: string[] = [];
  let session = "";
  for (const row of world.watch.rows<{ session_id: string; content: string }>("SELECT session_id, content FROM entries ORDER BY session_id, number")) {
    const content = JSON.parse(row.content) as { role: string; callId?: string; parts?: { type: string; id?: string }[] };
    if (content.role === "tool") {
      if (!open.includes(content.callId!)) findings.push({ promise: "P4", text: `a result of ${content.callId} that nobody asked for` });
      open = open.filter((id) => id !== content.callId);
      continue;
    }
    if (open.length > 0) findings.push({ promise: "P4", text: `no result of ${open.join(", ")} in session ${session}` });
    session = row.session_id;
    open = content.role === "assistant" ? content.parts!.flatMap((part) => (part.type === "call" ? [part.id!] : [])) : [];
  }
  return findings;
}

/** A turn that is done has one answer on its way to where it was asked; one that has waited may have said something before. */
function answers(world: SimWorld): Finding[] {
  const rows = world.watch.rows<{ id: string; n: number; asked: number }>(
    `SELECT t.id, (SELECT COUNT(*) FROM approvals a WHERE a.turn_id = t.id) + (SELECT COUNT(*) FROM sub_agents a WHERE a.turn_id = t.id) AS asked, (SELECT COUNT(*) FROM deliveries d JOIN delivery_parts p ON p.delivery_id = d.id AND p.number = 0
       WHERE d.turn_id = t.id AND d.status <> 'cancelled' AND p.text NOT LIKE '%The model is away%') AS n
     FROM turns t WHERE t.status IN ('done', 'failed') AND t.address NOT LIKE '%"web"%' AND t.principal NOT LIKE '%"person":"removed"%'`,
  );
  const findings = rows.flatMap(({ id, n, asked }) => (n === 1 || (asked > 0 && n > 1) ? [] : [{ promise: "P2", text: `turn ${id} has ${n} answers` }]));
  const [doubtful] = world.watch.rows<{ id: string }>("SELECT id FROM deliveries WHERE status = 'unknown'");
  if (doubtful && world.climate.idempotentSend) findings.push({ promise: "P2", text: `delivery ${doubtful.id} is in doubt on a platform that knows nonces` });
  // An approval that came too late lets nothing through; whoever asked has been told so.
  const open = world.watch.rows<{ code: string; status: string }>(
    `SELECT a.code, a.status FROM approvals a JOIN turns t ON t.id = a.turn_id LEFT JOIN tool_calls c ON c.session_id = a.session_id AND c.id = a.call_id
     WHERE a.status = 'pending' OR (a.status = 'approved' AND t.status = 'done' AND CASE a.detached WHEN 1 THEN a.told_at IS NULL ELSE c.finished_at IS NULL END)`,
  );
  for (const { code, status } of open) findings.push({ promise: "P5", text: `the question ${code} is still ${status}` });
  return findings;
}

/** What stands on the platform is what the outbox says, in its conversation and in its order. */
function shown(world: SimWorld): Finding[] {
  const findings: Finding[] = [];
  const rows = world.watch.rows<{ id: string; number: number; text: string; receipt: string; conversation: string; turn: number }>(
    `SELECT d.id, p.number, p.text, p.receipt, d.conversation, d.turn_id IS NOT NULL AND first.text LIKE '"re: %' AS turn
     FROM delivery_parts p JOIN deliveries d ON d.id = p.delivery_id JOIN delivery_parts first ON first.delivery_id = d.id AND first.number = 0 WHERE p.status = 'sent' AND d.status <> 'cancelled' ORDER BY d.seq, p.number`,
  );
  const places = new Map<string, number>();
  for (const row of rows) {
    const { messageId } = JSON.parse(row.receipt) as { messageId: string };
    const message = world.platform.find(messageId);
    // The lane of a gateway that stood still may have gone to the other one: its last preview may then come after the answer, until it learns of it.
    const overtaken = world.climate.gateways === 2 && world.climate.faults.freezesPerHour > 0;
    if (message === undefined || (!overtaken && message.text !== JSON.parse(row.text)) || message.conversation !== row.conversation)
      findings.push({ promise: "P2", text: `part ${row.number} of ${row.id} is not what ${row.conversation} shows` });
    if (row.turn === 0 || message === undefined) continue;
    const place = world.platform.shown.indexOf(message);
    if (place < (places.get(row.conversation) ?? -1)) findings.push({ promise: "P3", text: `part ${row.number} of ${row.id} stands above an earlier answer` });
    places.set(row.conversation, place);
  }
  return findings;
}

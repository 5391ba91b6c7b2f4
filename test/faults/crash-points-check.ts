/** Proves from the store and the platform's own files that a flow that was killed and started again kept its promises. */
import { messageText } from "../../src/core/message.ts";
import type { Store } from "../../src/core/store.ts";
import type { Flow } from "./crash-points-flows.ts";
import { checkJobs } from "./crash-points-jobs.ts";
import type { PlatformFiles } from "./crash-points-platform.ts";

/** @returns what is wrong; nothing when all is well. */
export async function checkFlow(flow: Flow, files: PlatformFiles, store: Store, idempotentSend: boolean): Promise<string[]> {
  return [
    ...(await checkMessages(flow, files, store)),
    ...(await checkSends(flow, files, store, idempotentSend)),
    ...(await checkCalls(files, store)),
    ...(await checkApprovals(flow, files, store)),
    ...(flow.jobs ? await checkJobs(flow.jobs, store) : []),
  ];
}

/** Accepted = on record, once, with a turn that ended and an entry in the transcript. */
async function checkMessages(flow: Flow, files: PlatformFiles, store: Store): Promise<string[]> {
  const problems: string[] = [];
  const inbox = await store.listInbox({ limit: 1_000 });
  for (const { update, refused = false } of flow.updates) {
    const rows = inbox.filter((item) => item.update.key === update.key);
    const isKept = !refused && update.sender.id !== flow.purges && !files.unsaid().includes(update.key);
    if (rows.length !== (isKept ? 1 : 0)) problems.push(`${update.key} stands in the inbox ${rows.length} times`);
    if (!isKept || messageText(update.message).startsWith("/")) continue;
    const turn = await store.turnOfMessage({ messageId: rows[0]!.id });
    if (turn?.endedAt === undefined) problems.push(`the turn of ${update.key} is ${turn?.status ?? "missing"}`);
    const entries = await store.readEntries({ sessionId: turn!.sessionId, limit: 1_000 });
    const said = entries.filter((entry) => entry.messageId === rows[0]!.id).length;
    if (said !== 1) problems.push(`${update.key} stands in the transcript ${said} times`);
  }
  if (flow.purges === undefined) return problems;
  for (const { sessionId } of await store.listTurns({ limit: 1_000 }))
    for (const { content } of await store.readEntries({ sessionId, limit: 1_000 }))
      if (JSON.stringify(content).includes("say my name")) problems.push("words of somebody who was forgotten are still there");
  if ((await store.findPerson({ channel: "desk", account: "default", senderId: flow.purges })) !== undefined) problems.push("who was to be forgotten is known");
  return problems;
}

/** No part twice where the platform would show it twice, nothing sent that was not planned, every answer read or in doubt. */
async function checkSends(flow: Flow, files: PlatformFiles, store: Store, idempotentSend: boolean): Promise<string[]> {
  const problems: string[] = [];
  const sent = files.sent();
  const nonces = sent.filter((one) => one.kind === "send").map((one) => one.nonce);
  for (const nonce of new Set(nonces)) {
    const times = nonces.filter((one) => one === nonce).length;
    if (times > 1) problems.push(`${nonce} was sent ${times} times`);
  }
  const deliveries = await store.listDeliveries({ limit: 1_000 });
  const doubtful = deliveries.filter((delivery) => delivery.status === "unknown");
  // One conversation has one part under way at a time; others may have theirs.
  const places = new Set(doubtful.map((delivery) => delivery.address.conversation));
  if (doubtful.length > (idempotentSend ? 0 : places.size)) problems.push(`${doubtful.length} deliveries are in doubt`);
  const shown = new Map<string, string>();
  for (const one of sent) shown.set(`${one.conversation} ${one.id}`, one.text);
  const read = (conversation: string) => [...shown].flatMap(([key, text]) => (key.startsWith(`${conversation} `) ? [text] : [])).join("");
  for (const { update, answer } of flow.updates) {
    if (answer === undefined || files.unsaid().includes(update.key)) continue;
    const { conversation } = update.address;
    const inDoubt = doubtful.some((delivery) => delivery.address.conversation === conversation);
    if (read(conversation).search(answer) < 0 && !inDoubt) problems.push(`nobody has read the answer to ${update.key}`);
  }
  for (const delivery of deliveries)
    for (const part of delivery.parts)
      if (part.status === "sent" && part.receipt && shown.get(`${delivery.address.conversation} ${part.receipt.messageId}`) !== part.rendered.text)
        problems.push(`part ${part.number} of ${delivery.id} is not what stands there`);
  return problems;
}

/** At most one effect for a plan, and a result behind every call. */
async function checkCalls(files: PlatformFiles, store: Store): Promise<string[]> {
  const problems: string[] = [];
  const effects = files.effects();
  for (const id of new Set(effects)) {
    const times = effects.filter((one) => one === id).length;
    if (times > 1) problems.push(`the call of ${id} took effect ${times} times`);
  }
  for (const turn of await store.listTurns({ limit: 1_000 })) {
    const calls = await store.listCalls({ turnId: turn.id });
    const entries = await store.readEntries({ sessionId: turn.sessionId, limit: 1_000 });
    for (const call of calls) {
      const results = entries.filter(({ content }) => content.role === "tool" && content.callId === call.id).length;
      if (results !== 1 || call.finishedAt === undefined) problems.push(`call ${call.id} is ${call.status} with ${results} results`);
    }
    const planned = new Set(calls.map((call) => (call.args as { id: string }).id));
    const isOnlyTurn = (await store.listTurns({ limit: 2 })).length === 1;
    if (isOnlyTurn) for (const id of effects) if (!planned.has(id)) problems.push(`an effect ${id} that nobody planned`);
  }
  return problems;
}

/** A question ends, an answer lets one call through, and no effect is without what let it and its line in the audit (sec-114). */
async function checkApprovals(flow: Flow, files: PlatformFiles, store: Store): Promise<string[]> {
  const problems: string[] = [];
  const effects = files.effects();
  const audit = await store.readAudit({ limit: 1_000 });
  const approvals = await store.listApprovals({ limit: 1_000 });
  for (const { status, code, detached, toldAt } of approvals) {
    if (status === "pending" || status === "approved") problems.push(`the question ${code} has remained ${status}`);
    if (detached && status !== "cancelled" && toldAt === undefined) problems.push(`nobody was told what became of ${code}`);
  }
  for (const turn of await store.listTurns({ limit: 1_000 })) {
    for (const call of (await store.listCalls({ turnId: turn.id })).filter(({ name }) => name === "pay")) {
      const approval = approvals.find((one) => one.callId === call.id);
      if (approval === undefined) problems.push(`the call ${call.id} was never asked for`);
      if (!effects.includes((call.args as { id: string }).id)) continue;
      if (approval?.status !== "used") problems.push(`the call ${call.id} took effect while its approval is ${approval?.status}`);
      if (!audit.some(({ kind, data }) => kind === "tool.started" && (data as { call?: string }).call === call.id))
        problems.push(`the call ${call.id} took effect and the audit has no intent of it`);
    }
  }
  const allowed = flow.approved ?? 0;
  const used = approvals.filter(({ status }) => status === "used").length;
  if (approvals.length > 0 && used !== allowed) problems.push(`${used} questions were answered with yes and used, not ${allowed}`);
  return problems;
}

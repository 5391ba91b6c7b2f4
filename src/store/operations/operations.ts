import { DURABILITY, type Operations } from "../../core/store.ts";
import { acceptUpdates } from "./accept.ts";
import { answerApproval, endorseEntries, expireApprovals, getApproval, listApprovals, openApproval, tellApproval } from "./approvals.ts";
import { addCheckpoint, appendAudit, auditHead, listCheckpoints, readAudit } from "./audit.ts";
import { getBlob, putBlob, sweepBlobs } from "./blobs.ts";
import { branchSession } from "./branch.ts";
import { finishCall, listCalls, startCall } from "./calls.ts";
import { commitStep, commitTurn, postponeTurn, suspendTurn, takeSteering } from "./commit.ts";
import { readEntries, setEntryMessage } from "./entries.ts";
import { forgetOld, measureKept } from "./forget.ts";
import { getCursor, getInboxItem, listInbox } from "./inbox.ts";
import { finishJobRun, getJob, jobAgenda, jobsAhead, listJobRuns, listJobs, planJobRuns, removeJob, saveJob, startJobRun } from "./jobs.ts";
import { claimLease, releaseLease, renewLeases } from "./leases.ts";
import { forgetMemory, getMemories, listMemories, memoriesToEmbed, readMemoryVectors, saveMemory, searchMemories, setMemoryVector } from "./memories.ts";
import { dueDeliveries, enqueueDelivery, getDelivery, listDeliveries, nextDelivery, openDraft, settleDraft } from "./outbox.ts";
import { answerPairing, isPaired, listPairings } from "./pairings.ts";
import { approveDevice, listDevices, rejectDevice, requestDevice, revokeDevice, setDeviceToken } from "./devices.ts";
import { addPerson, findPerson } from "./people.ts";
import { exportPerson, purgePerson } from "./person-data.ts";
import { settleRestored } from "./restored.ts";
import { indexEntries, searchEntries } from "./search.ts";
import { expireDeliveries, markSending, nextExpiry, recoverDeliveries, settlePart } from "./sending.ts";
import { archiveSession, createSession, deleteSession, getSession, listSessions, moveContextStart, patchSession, resetSession } from "./sessions.ts";
import { boot, counts, getSetting, setSetting } from "./settings.ts";
import type { Steps } from "./statement.ts";
import { compactContext, getSummary } from "./summaries.ts";
import { listSubAgents, openSubAgent, settleSubAgents, tellSubAgent } from "./sub-agents.ts";
import { cancelQueued, dueLanes, getTurn, listTurns, nextDue, startTurn, turnOfMessage } from "./turns.ts";
import { spend, sumUsage, usageByModel, usageEstimates } from "./usage.ts";
import { cancelWaiting } from "./waiting.ts";

export type OperationName = keyof Operations;

type Runs = { readonly [K in OperationName]: (input: Operations[K]["input"]) => Steps<Operations[K]["output"]> };

const runs: Runs = {
  boot,
  acceptUpdates,
  findPerson,
  addPerson,
  exportPerson,
  purgePerson,
  getCursor,
  getInboxItem,
  listInbox,
  startTurn,
  dueLanes,
  nextDue,
  commitStep,
  takeSteering,
  startCall,
  finishCall,
  listCalls,
  commitTurn,
  postponeTurn,
  suspendTurn,
  cancelWaiting,
  cancelQueued,
  getTurn,
  turnOfMessage,
  listTurns,
  moveContextStart,
  compactContext,
  getSummary,
  openSubAgent,
  listSubAgents,
  settleSubAgents,
  tellSubAgent,
  openApproval,
  answerApproval,
  expireApprovals,
  getApproval,
  listApprovals,
  tellApproval,
  endorseEntries,
  isPaired,
  listPairings,
  answerPairing,
  appendAudit,
  readAudit,
  auditHead,
  addCheckpoint,
  listCheckpoints,
  claimLease,
  renewLeases,
  releaseLease,
  openDraft,
  settleDraft,
  enqueueDelivery,
  dueDeliveries,
  nextDelivery,
  markSending,
  settlePart,
  recoverDeliveries,
  nextExpiry,
  expireDeliveries,
  getDelivery,
  listDeliveries,
  getSession,
  listSessions,
  createSession,
  patchSession,
  resetSession,
  deleteSession,
  archiveSession,
  branchSession,
  readEntries,
  indexEntries,
  searchEntries,
  forgetOld,
  measureKept,
  sweepBlobs,
  setEntryMessage,
  saveJob,
  getJob,
  listJobs,
  removeJob,
  planJobRuns,
  jobAgenda,
  jobsAhead,
  startJobRun,
  finishJobRun,
  listJobRuns,
  saveMemory,
  searchMemories,
  getMemories,
  memoriesToEmbed,
  setMemoryVector,
  readMemoryVectors,
  listMemories,
  forgetMemory,
  putBlob,
  getBlob,
  settleRestored,
  getSetting,
  setSetting,
  listDevices,
  requestDevice,
  approveDevice,
  rejectDevice,
  setDeviceToken,
  revokeDevice,
  spend,
  sumUsage,
  usageEstimates,
  usageByModel,
  counts,
};

/** An operation as a driver sees it: it knows nothing of what it carries. */
export interface AnyOperation {
  readonly name: OperationName;
  readonly durable: "full" | "lazy" | "read";
  readonly run: (input: never) => Steps<unknown>;
}

/** Every operation of the store port, in its order. */
export const operations: readonly AnyOperation[] = (Object.keys(runs) as OperationName[]).map((name) => ({ name, durable: DURABILITY[name], run: runs[name] }));

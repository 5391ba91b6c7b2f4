import { effect } from "@preact/signals";
import { createApprovals, type Approvals } from "./approvals/approvals.ts";
import { createAttachments, type Attachments } from "./chat/attachments.ts";
import { createConversation, type Conversation } from "./chat/conversation.ts";
import { openConnection, type Connection } from "./connection/connection.ts";
import { createRunningTurns, type RunningTurns } from "./connection/running-turns.ts";
import { createSessions, type Sessions } from "./sessions/sessions.ts";
import { createStatus, type Status } from "./status/status.ts";

/** Everything that lives as long as somebody is logged in. */
export interface OpenHouse {
  readonly connection: Connection;
  readonly running: RunningTurns;
  readonly sessions: Sessions;
  readonly status: Status;
  readonly approvals: Approvals;
  readonly attachments: Attachments;
  /** The conversation of a session key; made when it is first looked at, kept with its draft. */
  conversation(session: string): Conversation;
  close(): void;
}

/** @param token undefined: try without one. @param onRefused the gateway does not accept it (any more). */
export function openHouse(token: string | undefined, onRefused: () => void): OpenHouse {
  const connection = openConnection(location.origin, token);
  const sessions = createSessions(connection);
  const status = createStatus(connection);
  const approvals = createApprovals(connection);
  const conversations = new Map<string, Conversation>();
  const running = createRunningTurns();

  connection.onEvent((event) => {
    running.handle(event);
    sessions.handle(event);
    status.handle(event);
    approvals.handle(event);
    for (const conversation of conversations.values()) conversation.handle(event);
    if (event.event === "session.changed" && event.payload.change === "deleted") conversations.delete(event.payload.key);
  });
  connection.onResume((turns) => {
    running.reset(turns);
    // Failures here mean that the socket broke again: the next connect repeats all of it.
    sessions.resume().catch(() => undefined);
    status.load().catch(() => undefined);
    approvals.load().catch(() => undefined);
    for (const conversation of conversations.values()) void conversation.resume(running.list());
  });
  const stop = effect(() => {
    if (connection.state.value === "refused") queueMicrotask(onRefused);
  });
  connection.start();

  return {
    connection,
    running,
    sessions,
    status,
    approvals,
    attachments: createAttachments(connection.upload),
    conversation(session) {
      const known = conversations.get(session);
      if (known !== undefined) return known;
      const made = createConversation(connection, session);
      conversations.set(session, made);
      if (connection.state.peek() === "ready") void made.resume(running.list());
      return made;
    },
    close() {
      stop();
      connection.close();
    },
  };
}

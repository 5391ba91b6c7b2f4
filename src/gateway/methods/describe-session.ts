import type { Session } from "../../core/records.ts";
import type { v } from "../../lib/schema/index.ts";
import type { sessionInfo } from "./schemas.ts";

export function describeSession(session: Session): v.InferInput<typeof sessionInfo> {
  const { label, model, thinking } = session.settings;
  return {
    session: session.key,
    session_id: session.id,
    agent: session.agent,
    ...(label === undefined ? {} : { label }),
    ...(model === undefined ? {} : { model }),
    ...(thinking === undefined ? {} : { thinking }),
    last_entry: session.lastEntry,
    created_at: session.createdAt,
    updated_at: session.updatedAt,
    ...(session.endedAt === undefined ? {} : { ended_at: session.endedAt }),
    ...(session.archivedAt === undefined ? {} : { archived_at: session.archivedAt }),
  };
}

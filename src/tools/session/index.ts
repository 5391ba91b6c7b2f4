import type { Entry } from "../../core/entry.ts";
import { ToolError } from "../../core/errors.ts";
import { joinLabels, maySee, type Confidentiality } from "../../core/label.ts";
import { sightOf, type Sight } from "../../core/memory.ts";
import { messageText } from "../../core/message.ts";
import { labelOf } from "../../core/principal.ts";
import type { Session } from "../../core/records.ts";
import type { Operations, Store } from "../../core/store.ts";
import type { Tool, ToolContext, ToolResult } from "../../core/tool.ts";
import { defineTool } from "../../lib/define-tool/index.ts";
import { clip } from "../../lib/plain-text/index.ts";

export interface SessionToolsDeps {
  readonly store: Pick<Store, "listSessions" | "getSession" | "readEntries">;
  /** Newest first. */
  readonly search: (query: { sight: Sight; agent: string; sessionId?: string; query: string; limit: number }) => Promise<readonly Found[]>;
}

type Found = Operations["searchEntries"]["output"][number];

const MAX_LISTED = 50;
const MAX_FOUND = 20;
const MAX_READ = 50;
const MAX_LINE = 2_000;
const MAX_RESULT = 30_000;
const TIMEOUT_MS = 10_000;

/**
 * `session_list`, `session_read` and `session_search`: other conversations of the same agent.
 * What must stay true: only the owner's direct chat sees other sessions; everybody else sees the one they are in, and of it only what all who are there may see (sec-110).
 */
export function createSessionTools(deps: SessionToolsDeps): Tool[] {
  return [createList(deps), createRead(deps), createSearch(deps)];
}

function createList({ store }: SessionToolsDeps): Tool {
  return defineTool<Record<string, never>>({
    spec: {
      name: "session_list",
      description: `The conversations there are, newest activity first, at most ${MAX_LISTED}.`,
      parameters: { type: "object", properties: {}, additionalProperties: false },
    },
    effects: ["read"],
    idempotent: true,
    parallel: true,
    timeoutMs: TIMEOUT_MS,
    run: async (_args, context) => {
      const sessions = (await store.listSessions({ agent: context.agent, ended: false, archived: false, limit: MAX_LISTED })).filter((session) =>
        isOpen(session, context),
      );
      const lines = sessions.map(({ key, settings, lastEntry, updatedAt }) => {
        const title = settings.label === undefined ? "" : ` ${JSON.stringify(settings.label)}`;
        return `${key}${title}: ${lastEntry} entries, last activity ${instant(updatedAt)}`;
      });
      return { text: lines.join("\n") || "There is no conversation yet.", error: false };
    },
  });
}

function createRead({ store }: SessionToolsDeps): Tool {
  return defineTool<{ session: string; before?: number; limit?: number }>({
    spec: {
      name: "session_read",
      description: "The newest entries of a conversation, or those before a given number.",
      parameters: {
        type: "object",
        properties: {
          session: { type: "string", minLength: 1, maxLength: 400, description: "key, as session_list shows it" },
          before: { type: "integer", minimum: 1, description: "entry number; default: the newest entries" },
          limit: { type: "integer", minimum: 1, maximum: MAX_READ, description: "default 20" },
        },
        required: ["session"],
        additionalProperties: false,
      },
    },
    effects: ["read"],
    idempotent: true,
    parallel: true,
    timeoutMs: TIMEOUT_MS,
    run: async ({ session: key, before, limit = 20 }, context) => {
      const session = await store.getSession({ key });
      // The same words for what is not there and what may not be seen.
      if (!session || !isOpen(session, context)) throw notFound(key);
      const entries = await store.readEntries({ sessionId: session.id, before: before ?? session.lastEntry + 1, limit });
      return shown(entries, labelOf(context.principal).confidentiality);
    },
  });
}

function createSearch({ search }: SessionToolsDeps): Tool {
  return defineTool<{ query: string; limit?: number }>({
    spec: {
      name: "session_search",
      description: "What was said earlier, in this conversation or others: messages that have all the words.",
      parameters: {
        type: "object",
        properties: {
          query: { type: "string", minLength: 1, maxLength: 500 },
          limit: { type: "integer", minimum: 1, maximum: MAX_FOUND, description: "default 10" },
        },
        required: ["query"],
        additionalProperties: false,
      },
    },
    effects: ["read"],
    idempotent: true,
    parallel: true,
    timeoutMs: TIMEOUT_MS,
    run: async ({ query, limit = 10 }, { agent, principal, sessionId }) => {
      const sight = sightOf(principal);
      const here = sight === "private" ? {} : { sessionId };
      const found = await search({ sight, agent, query, limit, ...here });
      if (found.length === 0) return { text: "Nothing like that was said.", error: false };
      const label = found.map(({ entry }) => entry.label).reduce(joinLabels);
      return { text: clip(found.map(({ entry, session }) => `${session.key} ${lineOf(entry)}`).join("\n"), MAX_RESULT), error: false, label };
    },
  });
}

/** The conversation that is going on, and for the owner's direct chat every other one. */
function isOpen(session: Session, { agent, principal, sessionId }: ToolContext): boolean {
  return session.agent === agent && (session.id === sessionId || labelOf(principal).confidentiality === "PRIVATE");
}

function notFound(key: string): ToolError {
  return new ToolError("session_not_found", `there is no conversation ${JSON.stringify(clip(key, 200))}`, { hint: "session_list shows those there are" });
}

function shown(entries: readonly Entry[], place: Confidentiality): ToolResult {
  const seen = entries.filter(({ label }) => maySee(place, label.confidentiality));
  const lines = seen.map((entry) => ({ entry, text: lineOf(entry) })).filter(({ text }) => text !== "");
  if (lines.length === 0) return { text: "Nothing is written there.", error: false };
  const label = lines.map(({ entry }) => entry.label).reduce(joinLabels);
  return { text: clip(lines.map(({ text }) => text).join("\n"), MAX_RESULT), error: false, label };
}

/** JSON keeps what was said on its line: no text can pretend to be the next entry. */
function lineOf({ number, at, content }: Entry): string {
  const line = (who: string, text: string) => (text === "" ? "" : `${number} ${instant(at)} ${who}: ${JSON.stringify(clip(text, MAX_LINE))}`);
  switch (content.role) {
    case "user":
      return line(content.envelope.sender ?? "person", messageText(content.message) || "(no text)");
    case "assistant":
      return line("assistant", content.parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join(""));
    case "tool":
      return line(`result of ${content.name}`, content.text);
    case "system":
      return line("note", content.text);
  }
}

function instant(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16)}Z`;
}

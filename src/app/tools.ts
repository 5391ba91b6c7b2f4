import type { Store } from "../core/store.ts";
import type { Tool } from "../core/tool.ts";
import { defangLinks } from "../security/url-provenance.ts";
import { searchMessages } from "../sessions/search.ts";
import { createSpawnAgentTool } from "../tools/agent/index.ts";
import { createCalculateTool } from "../tools/calculate/index.ts";
import { createMemoryTools, type MemoryToolsDeps } from "../tools/memory/index.ts";
import { createMessageActionTool, createMessageTool, type MessageActionDeps, type MessageToolDeps } from "../tools/message/index.ts";
import { createSessionTools, type SessionToolsDeps } from "../tools/session/index.ts";
import { createScheduleTool, type ScheduleToolDeps } from "../tools/schedule/index.ts";
import { createTimeTool } from "../tools/time/index.ts";
import { createLocalTools, type LocalPowers } from "./local-tools.ts";
import { createWebTools, type WebToolDeps } from "./web-tools.ts";

/** Every tool there is; the owner's config and the gate decide who may use which. */
export async function createTools(
  deps: { readonly store: Store } & WebToolDeps &
    LocalPowers &
    MemoryToolsDeps &
    Omit<SessionToolsDeps, "search"> &
    ScheduleToolDeps &
    Pick<MessageToolDeps, "outbox"> &
    Pick<MessageActionDeps, "actions">,
): Promise<Tool[]> {
  return [
    createTimeTool(),
    createCalculateTool(),
    ...createMemoryTools(deps),
    ...createSessionTools({ ...deps, search: (query) => searchMessages(deps.store, query) }),
    createScheduleTool(deps),
    createSpawnAgentTool(),
    createMessageTool({ outbox: deps.outbox, defang: defangLinks }),
    createMessageActionTool({ actions: deps.actions, defang: defangLinks }),
    ...createLocalTools(deps.config, deps),
    ...(await createWebTools(deps)),
  ];
}

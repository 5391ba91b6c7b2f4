import type { AssistantPart } from "../core/entry.ts";
import type { ModelEntry, ModelRequest } from "../core/model.ts";

/** The provider of a model id: the part before the colon. */
export function providerOf(modelId: string): string {
  const colon = modelId.indexOf(":");
  return colon === -1 ? modelId : modelId.slice(0, colon);
}

/**
 * The request as a model of `modelId`'s provider may see it: thinking and opaque parts of other providers left out (they are signed for their maker and refused
 * elsewhere), with nothing else changed. Steps that were thinking alone disappear.
 */
export function forProvider(request: ModelRequest, modelId: string): ModelRequest {
  const provider = providerOf(modelId);
  const entries = request.entries.map((entry) => entryFor(entry, provider)).filter((entry) => entry !== undefined);
  return { ...request, entries };
}

function entryFor(entry: ModelEntry, provider: string): ModelEntry | undefined {
  const { content } = entry;
  if (content.role !== "assistant") return entry;
  const own = providerOf(content.model) === provider;
  const parts = content.parts.filter((part) => keeps(part, own, provider));
  if (parts.length === content.parts.length) return entry;
  return parts.length === 0 ? undefined : { ...entry, content: { ...content, parts } };
}

function keeps(part: AssistantPart, own: boolean, provider: string): boolean {
  if (part.type === "thinking") return own;
  return part.type !== "opaque" || part.provider === provider;
}

import type { AssistantPart } from "../../core/entry.ts";
import { messageText } from "../../core/message.ts";
import type { ModelEntry } from "../../core/model.ts";
import { record } from "./read-json.ts";

export interface StepResult {
  readonly callId: string;
  readonly name: string;
  readonly text: string;
  readonly error: boolean;
}

type Image = NonNullable<ModelEntry["images"]>[number];

/** A transcript as wires want it: user and assistant in turn, every assistant step with one result per call. */
export type Step =
  | { readonly kind: "user"; readonly text: string; readonly images: readonly Image[] }
  | { readonly kind: "assistant"; readonly parts: readonly AssistantPart[]; readonly results: readonly StepResult[] };

/**
 * Groups entries into steps. Thinking is dropped, and opaque parts other than those of this very model; consecutive user messages are merged (several chat
 * templates refuse two in a row). A call without a result gets one that says so, a result without its call is dropped: a transcript with a hole must not make every
 * further request fail.
 * @param provider name of the provider that is asked. @param model the part behind `provider:`.
 */
export function toSteps(entries: readonly ModelEntry[], provider: string, model: string): Step[] {
  const steps: Step[] = [];
  const addUser = (text: string, images: readonly Image[] = []) => {
    const last = steps.at(-1);
    if (last?.kind !== "user") return void steps.push({ kind: "user", text, images });
    steps[steps.length - 1] = { kind: "user", text: joined(last.text, text), images: [...last.images, ...images] };
  };
  for (const [index, { content, images }] of entries.entries()) {
    if (content.role === "user") addUser(messageText(content.message), images);
    else if (content.role === "system") addUser(`[notice] ${content.text}`);
    else if (content.role === "assistant") {
      const parts = content.parts.filter((part) => replayable(part, provider, model));
      if (parts.some((part) => part.type !== "opaque")) steps.push({ kind: "assistant", parts, results: resultsOf(parts, entries, index) });
    }
  }
  return steps;
}

function joined(a: string, b: string): string {
  if (a === "" || b === "") return a + b;
  return `${a}\n\n${b}`;
}

function replayable(part: AssistantPart, provider: string, model: string): boolean {
  if (part.type === "text") return part.text.trim() !== "";
  if (part.type === "opaque") return part.provider === provider && record(part.data)["model"] === model;
  return part.type === "call";
}

/** Results stand between this assistant entry and the next one; the first one of a call counts. */
function resultsOf(parts: readonly AssistantPart[], entries: readonly ModelEntry[], index: number): StepResult[] {
  const found = new Map<string, StepResult>();
  for (let i = index + 1; i < entries.length; i += 1) {
    const content = entries[i]!.content;
    if (content.role === "assistant") break;
    if (content.role === "tool" && !found.has(content.callId)) found.set(content.callId, content);
  }
  return parts.flatMap((part) => {
    if (part.type !== "call") return [];
    const missing = { callId: part.id, name: part.name, text: "The call was interrupted; whether it took effect is unknown.", error: true };
    return [found.get(part.id) ?? missing];
  });
}

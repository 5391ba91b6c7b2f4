/**
 * What the owner is asked about: one call, exactly. An approval is the digest of its plan; whatever is not the same to the last character is another plan (sec-53).
 */
import type { Label } from "../core/label.ts";
import type { Principal } from "../core/principal.ts";
import type { PlanFacts } from "../core/tool.ts";
import { canonicalJson } from "../lib/canonical-json/index.ts";
import { sha256Hex } from "../lib/digest/index.ts";

export interface Plan {
  readonly version: 1;
  readonly tool: string;
  readonly args: unknown;
  /** What the tool has found out beside the arguments: real paths, digests of programs and scripts, sandbox and network policy. */
  readonly facts: PlanFacts;
  readonly agent: string;
  readonly session: string;
  readonly principal: Principal;
  readonly label: Label;
  readonly expiresAt: number;
  /** Makes every ask unlike any other. */
  readonly nonce: string;
}

/** SHA-256 over every field. */
export function planDigest(plan: Plan): string {
  return sha256Hex(canonicalJson(plan));
}

/** What stays the same when exactly this is asked for again: the plan without session, expiry and nonce. */
export function planKey({ session: _session, expiresAt: _expiresAt, nonce: _nonce, ...same }: Plan): string {
  return sha256Hex(canonicalJson(same));
}

/** Arguments in which a model describes its own call: shown apart, because nobody has checked them (sec-57). */
const NOTES: ReadonlySet<string> = new Set(["description", "explanation", "justification", "note", "reason"]);
/** Longest plan that is shown in a chat, UTF-16 units; the rest is named by its length and stands in `clanker approvals list --json`. */
const MAX_TEXT = 3_000;

/** The plan for a person's eyes: made from the plan alone, invisible and reordering characters escaped. */
export function renderPlan(plan: Plan, reason: string): string {
  const args = isRecord(plan.args) ? Object.entries(plan.args) : [["", plan.args] as const];
  // What a person decides by stands first: a long argument must not push it out of sight.
  const lines = [`Tool: ${visible(plan.tool)}`, `Why you are asked: ${visible(reason)}`, `Asked by: ${asker(plan.principal)}`];
  for (const [name, value] of args) if (!NOTES.has(name)) lines.push(`${name === "" ? "arguments" : visible(name)}: ${shown(value)}`);
  for (const [name, value] of args) if (NOTES.has(name)) lines.push(`The assistant's own words, not checked (${name}): ${shown(value)}`);
  const said = new Map(args);
  // What the arguments say already is not said twice.
  const facts = Object.entries(plan.facts).filter(([name, value]) => canonicalJson(said.get(name)) !== canonicalJson(value));
  if (facts.length > 0) lines.push("It may run only as long as this is so:", ...facts.map(([name, value]) => `  ${visible(name)}: ${shown(value)}`));
  const text = lines.join("\n");
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}\n[${text.length - MAX_TEXT} more characters: clanker approvals list --json]`;
}

function asker({ class: kind, where, direct, sender }: Principal): string {
  const who = kind === "owner" ? "you" : `${kind} ${sender === undefined ? "caller" : visible(sender)}`;
  return `${who} on ${visible(where.channel)}${direct ? "" : `, group ${visible(where.conversation)}`}`;
}

function shown(value: unknown): string {
  return visible(JSON.stringify(value) ?? "nothing");
}

/** Every control, format, private, unassigned and space character but the plain space becomes `\\u{...}`. */
function visible(text: string): string {
  return text.replace(/[\p{C}\p{Z}]/gu, (character) => (character === " " ? character : `\\u{${character.codePointAt(0)!.toString(16)}}`));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

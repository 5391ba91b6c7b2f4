/**
 * The one place that answers for a tool call: the owner's rules, who asks, what the context holds, what the tool does. What must stay true: it is pure; deny wins;
 * an error or an unknown word never allows; what is denied is not advertised either (sec-40).
 */
import { isAtLeast, joinConfidentiality, type Confidentiality } from "../core/label.ts";
import type { Decision, Effect, Gate, GateContext, Tool } from "../core/tool.ts";
import { breaksRuleOfTwo, powersOf } from "./rule-of-two.ts";
import { judge, type RulesFor, type Verdict } from "./tool-rules.ts";

/** What lets something out of the house. */
const OUTWARD: ReadonlySet<Effect> = new Set(["egress", "message"]);

/** What changes the rules themselves or acts later on its own: never on the word of strangers alone (sec-93). */
const STANDING: ReadonlySet<Effect> = new Set(["config", "schedule"]);

/** What a trusted person may do without the owner being asked: look around outside. */
const TRUSTED_FREE: ReadonlySet<Effect> = new Set(["egress"]);

/** @param rulesFor the owner's rules; default: nothing but the classes. */
export function createGate(rulesFor: RulesFor = () => ({ agent: {} })): Gate {
  const judgeTool = ({ principal, agent }: GateContext, tool: Tool): Verdict => judge(rulesFor(agent, principal), tool.spec.name);
  return {
    decide(context, tool, args) {
      const verdict = judgeTool(context, tool);
      const refused = refusal(context, tool, verdict);
      return refused ?? weigh(context, tool, args, verdict);
    },
    advertised: (context, tools) => tools.filter((tool) => refusal(context, tool, judgeTool(context, tool)) === undefined),
  };
}

/** What no arguments and no answer of the owner's can change. */
function refusal({ principal, label }: GateContext, tool: Tool, verdict: Verdict): Decision | undefined {
  if (principal.class === "system") return deny("the gateway itself calls no tools");
  if (verdict.denied !== undefined) return deny(verdict.denied);
  if (principal.class === "guest" && tool.effects.length > 0 && !verdict.named) return deny(`${tool.spec.name} is not for guests`);
  if (label.confidentiality === "SECRET" && tool.effects.some((effect) => OUTWARD.has(effect))) return deny("a secret is in this conversation");
  return undefined;
}

function weigh(context: GateContext, given: Tool, args: unknown, verdict: Verdict): Decision {
  const { principal, label, trustedLinks } = context;
  const review = given.review?.(args, context) ?? {};
  if (review.deny !== undefined) return deny(review.deny);
  const tool = review.home === true ? { ...given, effects: given.effects.filter((effect) => effect !== "message") } : given;
  const reasons: string[] = [];
  if (breaksRuleOfTwo(powersOf(label, tool)) && !asksOnlyTrustedLinks(tool, args, trustedLinks))
    reasons.push("untrusted content, private data and a change or a way out come together");
  if (!isAtLeast(label.integrity, "TRUSTED") && tool.effects.some((effect) => STANDING.has(effect)))
    reasons.push("content that nobody vouches for would change what holds from now on");
  const least = tool.leastIntegrity ?? "EXTERNAL";
  if (!isAtLeast(label.integrity, least)) reasons.push(`the conversation holds content that is not trusted enough (${label.integrity})`);
  const outward = tool.effects.some((effect) => OUTWARD.has(effect));
  if (outward && !mayLetOut(tool.highestConfidentiality ?? "PRIVATE", label.confidentiality)) reasons.push("it could let out more than it may");
  if (review.ask !== undefined) reasons.push(review.ask);
  if (verdict.ask) reasons.push("the owner wants to be asked for this tool");
  if (principal.class === "trusted" && !verdict.named && tool.effects.some((effect) => !TRUSTED_FREE.has(effect)))
    reasons.push("somebody other than the owner asks for it");
  return reasons.length === 0 ? { kind: "allow" } : { kind: "ask", reason: reasons.join("; "), rememberable: review.rememberable ?? true };
}

/** A page that a trusted person named may be looked at: the request says nothing that they have not said (security.md, Egress). */
function asksOnlyTrustedLinks(tool: Tool, args: unknown, trusted: ReadonlySet<string> | undefined): boolean {
  if (!trusted || tool.effects.some((effect) => effect !== "egress")) return false;
  const texts = textsOf(args);
  return texts.length > 0 && texts.every((text) => trusted.has(text));
}

function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

function mayLetOut(highest: Confidentiality, confidentiality: Confidentiality): boolean {
  return joinConfidentiality(highest, confidentiality) === highest;
}

function deny(reason: string): Decision {
  return { kind: "deny", reason };
}

import type { Principal } from "../core/principal.ts";

/** What the owner wrote about tools in one place of the config. Names are tools; `*` is all of them. */
export interface ToolRules {
  /** Absent: this place says nothing. */
  readonly allow?: readonly string[] | undefined;
  readonly deny?: readonly string[] | undefined;
  readonly ask?: readonly string[] | undefined;
}

/** The rules that hold for one caller, from the agent's to the sender's own. */
export interface RuleSet {
  readonly agent: ToolRules;
  readonly channel?: ToolRules | undefined;
  readonly sender?: ToolRules | undefined;
}

export type RulesFor = (agent: string, principal: Principal) => RuleSet;

export type Verdict = {
  readonly denied?: string;
  /** Asked for by name or star. */
  readonly ask: boolean;
  /** Let in by its own name in the rules of the channel or of the sender: then the class of the caller does not narrow it. */
  readonly named: boolean;
};

/** Deny wins wherever it stands; each place that has an `allow` list must let the tool in. */
export function judge(rules: RuleSet, tool: string): Verdict {
  const places: [string, ToolRules | undefined][] = [
    ["this agent", rules.agent],
    ["this channel", rules.channel],
    ["this person", rules.sender],
  ];
  for (const [place, rule] of places) {
    if (rule?.deny && holds(rule.deny, tool)) return { denied: `${tool} is denied for ${place}`, ask: false, named: false };
    if (rule?.allow && !holds(rule.allow, tool)) return { denied: `${tool} is not among the tools of ${place}`, ask: false, named: false };
  }
  const own = [rules.channel, rules.sender];
  return {
    ask: places.some(([, rule]) => rule?.ask !== undefined && holds(rule.ask, tool)),
    named: own.some((rule) => rule?.allow?.includes(tool) === true || rule?.ask?.includes(tool) === true),
  };
}

function holds(list: readonly string[], tool: string): boolean {
  return list.includes("*") || list.includes(tool);
}

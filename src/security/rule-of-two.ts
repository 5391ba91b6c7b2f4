import { isAtLeast, type Label } from "../core/label.ts";
import type { Effect, Tool } from "../core/tool.ts";

/** What a tool does to the world, as against what it only looks at. */
const CHANGES: ReadonlySet<Effect> = new Set(["write", "exec", "egress", "message", "schedule", "memory", "config"]);

/** The three things of which a turn may hold two; the third needs a person (security.md, Rule of Two). */
export interface Powers {
  /** Somebody whom the owner does not trust has written into the context. */
  readonly untrusted: boolean;
  /** The context holds private data, or the call itself reads and changes in one go. */
  readonly private: boolean;
  /** The call changes something or sends something out. */
  readonly change: boolean;
}

export function powersOf(label: Label, tool: Pick<Tool, "effects">): Powers {
  const change = tool.effects.some((effect) => CHANGES.has(effect));
  const secret = label.confidentiality === "PRIVATE" || label.confidentiality === "SECRET";
  return { untrusted: !isAtLeast(label.integrity, "TRUSTED"), private: secret || (change && tool.effects.includes("read")), change };
}

export function breaksRuleOfTwo({ untrusted, private: secret, change }: Powers): boolean {
  return untrusted && secret && change;
}

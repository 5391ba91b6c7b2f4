/** One chat command: the platforms' menus, /help and the hall read this one table. */
export interface ChatCommand {
  /** Without its slash. */
  readonly name: string;
  /** At most 100 characters (Discord's limit of a description). */
  readonly what: string;
  /** What may be written behind it. */
  readonly words?: string;
  /** Only the owner may use it, so /help and menus for everybody leave it out. */
  readonly owner?: true;
}

export const CHAT_COMMANDS = [
  { name: "help", what: "what I understand" },
  { name: "new", what: "start a new conversation; the old one is kept" },
  { name: "stop", what: "stop what I am doing here", words: "[all]" },
  { name: "status", what: "what is going on here" },
  { name: "model", what: "which model answers here, or another one", words: "[NAME|default]" },
  { name: "think", what: "how much I think before I answer", words: "[off|low|medium|high|default]" },
  { name: "usage", what: "tokens and money that this conversation has used" },
  { name: "compact", what: "make this conversation shorter by a summary; nothing of it is lost" },
  { name: "whoami", what: "who you are to me" },
  { name: "approve", what: "let me do what I have asked for", words: "CODE [session|always]", owner: true },
  { name: "deny", what: "do not let me do what I have asked for", words: "CODE", owner: true },
  { name: "pair", what: "let somebody in who has a code", words: "CODE", owner: true },
  { name: "trust", what: "vouch for what stands in this conversation, so that I need not ask because of it", owner: true },
] as const satisfies readonly ChatCommand[];

export type CommandName = (typeof CHAT_COMMANDS)[number]["name"];

/** For code that looks at all of them alike. */
export const chatCommands: readonly (ChatCommand & { readonly name: CommandName })[] = CHAT_COMMANDS;

export function isCommandName(name: string): name is CommandName {
  return CHAT_COMMANDS.some((command) => command.name === name);
}

/** How the tokens that a model takes are shared out, all in estimated tokens. */
export interface ContextBudget {
  /** System prompt with what the owner and the channel add. */
  readonly system: number;
  /** Names, descriptions and schemas of the tools. */
  readonly tools: number;
  readonly answer: number;
  /** What is left for the conversation: messages, tool results (recalled memories are among them) and the summary of what came before. */
  readonly history: number;
}

export interface ContextBudgetInput {
  /** What the model takes or the owner allows, tokens of the model. */
  readonly limit: number;
  /** Tokens of the model for one estimated token. */
  readonly ratio: number;
  readonly systemTokens: number;
  readonly toolTokens: number;
  readonly maxTokens: number;
}

/** The conversation keeps at least a quarter and the answer never takes more than one, however long prompt and tools are. */
export function contextBudget({ limit, ratio, systemTokens, toolTokens, maxTokens }: ContextBudgetInput): ContextBudget {
  const room = Math.floor(limit / ratio);
  const quarter = Math.floor(room / 4);
  const answer = Math.min(Math.ceil(maxTokens / ratio), quarter);
  return { system: systemTokens, tools: toolTokens, answer, history: Math.max(quarter, room - systemTokens - toolTokens - answer) };
}

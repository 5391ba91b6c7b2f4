/** Which message a run of these frames answers: their clients wait for runs, ours for messages. Only as long as the gateway runs, and the newest. */
export interface Runs {
  keep(runId: string, messageId: string): void;
  messageOf(runId: string): string | undefined;
}

const MOST = 10_000;

export function createRuns(): Runs {
  const messages = new Map<string, string>();
  return {
    keep(runId, messageId) {
      messages.set(runId, messageId);
      if (messages.size > MOST) messages.delete(messages.keys().next().value!);
    },
    messageOf: (runId) => messages.get(runId),
  };
}

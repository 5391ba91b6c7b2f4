import type { FakeState } from "./state.ts";

/** Posts pending updates to the webhook, one after the other in order; a post that is not answered with 2xx is repeated until it is. */
export function createWebhookPump(
  state: FakeState,
  options: { retryMs: number; changed: () => void },
): { wake(): void; stop(): void; readonly answers: number[] } {
  const answers: number[] = [];
  const stopping = new AbortController();
  let running = false;
  let timer: NodeJS.Timeout | undefined;

  const post = async (url: string, secret: string | undefined, update: unknown): Promise<number> => {
    try {
      const headers = { "content-type": "application/json", ...(secret === undefined ? {} : { "x-telegram-bot-api-secret-token": secret }) };
      const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(update), signal: stopping.signal });
      await response.arrayBuffer();
      return response.status;
    } catch {
      return 0;
    }
  };

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted && state.webhook !== undefined && state.queue.pending.length > 0) {
      const update = state.queue.pending[0]!;
      const status = await post(state.webhook.url, state.webhook.secret, update);
      if (stopping.signal.aborted) return;
      answers.push(status);
      if (status >= 200 && status < 300) state.queue.pending.splice(state.queue.pending.indexOf(update), 1);
      else {
        state.webhookError = {
          last_error_date: state.seconds(),
          last_error_message: status === 0 ? "Connection failed" : `Wrong response from the webhook: ${status}`,
        };
        options.changed();
        await new Promise<void>((resolve) => {
          timer = setTimeout(resolve, options.retryMs);
        });
      }
      options.changed();
    }
  };

  return {
    answers,
    wake() {
      if (running) return;
      running = true;
      void run().finally(() => {
        running = false;
      });
    },
    stop() {
      stopping.abort();
      clearTimeout(timer);
    },
  };
}

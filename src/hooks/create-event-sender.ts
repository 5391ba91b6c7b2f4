/** `[hooks.out.NAME]`: what happens in the house, posted to another program and signed as standardwebhooks.com asks. The outbox keeps, orders and repeats it. */
import type { Channel, ChannelStatus, RenderedPart, SendTarget } from "../core/channel.ts";
import type { Clock } from "../core/clock.ts";
import { ChannelError } from "../core/errors.ts";
import { HttpFailure, type Http } from "../core/http.ts";
import { messageText } from "../core/message.ts";
import type { Secret } from "../core/secret.ts";
import { hmac } from "../lib/hmac/index.ts";
import { standardKey } from "./standard-key.ts";
import { createHealth } from "../lib/channel-health/index.ts";
import type { OutgoingHookConfig } from "./config.ts";

/** Channel name of all outgoing hooks; each is an account of it. */
export const HOOKS_CHANNEL = "hooks";

/** What is stored with a delivery. */
export interface EventPayload {
  readonly type: string;
  /** Wall milliseconds; undefined for a message that was sent here like to any place. */
  readonly at?: number;
  readonly data: unknown;
}

const TIMEOUT_MS = 20_000;
/** What a receiver that is away is given before it is asked again, where it does not say itself. */
const PAUSE_MS = 30_000;

export function createEventSender(name: string, { url, secret }: OutgoingHookConfig, deps: { http: Http; clock: Clock }): Channel {
  const { http, clock } = deps;
  const health = createHealth(
    () => clock.now(),
    () => {},
  );
  const { origin, pathname, search } = new URL(url);

  const post = async (part: RenderedPart, { nonce, signal }: SendTarget) => {
    const { type, at = clock.now(), data } = part.payload as EventPayload;
    const body = JSON.stringify({ type, timestamp: new Date(at).toISOString(), data });
    const seconds = String(Math.floor(clock.now() / 1000));
    const signature = await sign(secret, `${nonce}.${seconds}.${body}`);
    const headers = { "content-type": "application/json", "webhook-id": nonce, "webhook-timestamp": seconds, "webhook-signature": `v1,${signature}` };
    const response = await http.request({ baseUrl: origin }, { method: "POST", path: `${pathname}${search}`, headers, body, signal, timeoutMs: TIMEOUT_MS });
    // Nobody looks at what it says, but the connection is wanted again.
    await response.bytes(64 * 1024).catch(() => {});
    return response;
  };

  return {
    name: HOOKS_CHANNEL,
    account: name,
    // The receiver knows a repetition by its webhook-id.
    capabilities: { maxText: 100_000, edit: false, typing: false, media: false, buttons: false, threads: false, idempotentSend: true, editPaceMs: 0 },
    async start(signal) {
      // Nothing comes from there: it is in order until a request says otherwise.
      health.alive();
      if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      health.set("stopped");
    },
    status: (): ChannelStatus => health.status(),
    render: (message) => {
      const text = messageText(message);
      return [{ text, payload: { type: "message", data: { text } } satisfies EventPayload }];
    },
    async send(part, target) {
      const failed = (code: string, why: string, retryAfterMs?: number) => {
        health.trouble("degraded", code, why);
        return new ChannelError(code, `the hook ${name}: ${why}`, "retry", { retryAfterMs: retryAfterMs ?? PAUSE_MS });
      };
      let status: number;
      let pause: number | undefined;
      try {
        const response = await post(part, target);
        status = response.status;
        pause = retryAfter(response.headers["retry-after"]);
      } catch (error) {
        if (!(error instanceof HttpFailure)) throw error;
        throw failed("hook_away", error.message);
      }
      if (status >= 200 && status < 300) {
        health.alive();
        return { messageId: target.nonce };
      }
      if (status >= 500 || status === 429 || status === 408) throw failed("hook_away", `answered ${status}`, pause);
      health.trouble("degraded", "hook_refused", `answered ${status}: look at its url and secret`);
      throw new ChannelError("hook_refused", `the hook ${name} answered ${status}`, "permanent");
    },
  };
}

/** RFC 9110, 10.2.3, in seconds; dates are left to the pause. */
function retryAfter(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,5}$/.test(header) ? Number(header) * 1000 : undefined;
}

async function sign(secret: Secret, text: string): Promise<string> {
  return btoa(String.fromCharCode(...(await hmac(standardKey(secret), new TextEncoder().encode(text)))));
}

/**
 * The presses of buttons, which Mattermost posts to the gateway. It signs nothing, so every button carries a proof of ours, which only the Mattermost server is ever
 * shown. Always true: nothing is handed in without it, and 200 is answered only after the rows are committed (P1).
 */
import { StoreError } from "../../core/errors.ts";
import type { Secret } from "../../core/secret.ts";
import type { Update } from "../../core/update.ts";
import { isSignedHex, signHex } from "../../lib/hmac/index.ts";
import { readBody } from "../../lib/read-body/index.ts";
import type { MattermostAccount } from "./account.ts";
import { addressOf } from "./inbound.ts";
import type { WireAction } from "./wire.ts";

const MAX_BODY_BYTES = 100_000;
const RETRY_AFTER_SECONDS = 5;

/** What a proof is bound to: this button, on this part, in this conversation. */
interface Bound {
  readonly data: string;
  readonly nonce: string;
  readonly direct: boolean;
  readonly thread?: string;
}

export function proofOf(secret: Secret, conversation: string, bound: Bound): Promise<string> {
  return signHex(secret, provenBytes(conversation, bound));
}

function provenBytes(conversation: string, { data, nonce, direct, thread }: Bound): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(["mattermost-button", conversation, data, nonce, direct, thread ?? null]));
}

/** @returns 200 taken, 400 not a press, 401 not ours, 404 no buttons here, 405, 413 too long, 503 try again. */
export async function receivePress(account: MattermostAccount, request: Request): Promise<Response> {
  const { config, deps, health } = account;
  const { callback_secret: secret } = config;
  if (secret === undefined || config.callback_url === undefined) return answer(404);
  if (request.method !== "POST") return answer(405, { allow: "POST" });
  const body = await readBody(request, MAX_BODY_BYTES);
  if (body === undefined) return answer(413);
  const press = parse(body);
  if (press === undefined) return answer(400);
  const { action, bound, proof } = press;
  if (!(await isSignedHex(secret, provenBytes(action.channel_id, bound), proof))) return answer(401);
  if (account.me === undefined || health.status().state === "stopped") return answer(503, { "retry-after": String(RETRY_AFTER_SECONDS) });
  const update: Update = {
    type: "press",
    key: `press:${action.post_id}:${action.user_id}:${action.trigger_id ?? bound.data}`,
    address: { ...addressOf(action.channel_id, config), ...(bound.thread === undefined ? {} : { thread: bound.thread }) },
    sender: { id: action.user_id, ...(action.user_name === undefined ? {} : { name: action.user_name }) },
    direct: bound.direct,
    at: deps.clock.now(),
    messageId: action.post_id,
    data: bound.data,
  };
  try {
    const [outcome] = await deps.intake.receive([update]);
    health.heard();
    if (outcome?.kind !== "command") return json({});
    // In a direct conversation the buttons go: they have been answered. Elsewhere anybody can press and only the owner answers, so they stay.
    if (bound.direct) account.background.run((signal) => withoutButtons(account, action.post_id, signal));
    return json({ ephemeral_text: outcome.reply });
  } catch (error) {
    deps.log.warn("mattermost press not taken", { error });
    const code = error instanceof StoreError ? error.code : "mattermost_intake_failed";
    health.trouble("degraded", code, "presses cannot be stored; press again later");
    return answer(503, { "retry-after": String(RETRY_AFTER_SECONDS) });
  }
}

async function withoutButtons({ api, deps }: MattermostAccount, postId: string, signal: AbortSignal): Promise<void> {
  try {
    await api.call("PUT", `/posts/${encodeURIComponent(postId)}/patch`, { body: { props: { attachments: [] } }, signal });
  } catch (error) {
    deps.log.debug("mattermost buttons not taken away", { error });
  }
}

interface Press {
  readonly action: {
    readonly user_id: string;
    readonly user_name?: string;
    readonly channel_id: string;
    readonly post_id: string;
    readonly trigger_id?: string;
  };
  readonly bound: Bound;
  readonly proof: string;
}

function parse(body: Uint8Array): Press | undefined {
  try {
    const action = JSON.parse(new TextDecoder().decode(body)) as WireAction | null;
    const { user_id, user_name, channel_id, post_id, trigger_id, context } = action ?? {};
    const { data, nonce, direct, thread, proof } = context ?? {};
    const ids = [user_id, channel_id, post_id];
    if (!ids.every((id) => typeof id === "string" && /^[a-z0-9]{26}$/.test(id))) return undefined;
    if (typeof data !== "string" || typeof nonce !== "string" || typeof direct !== "boolean" || typeof proof !== "string") return undefined;
    if (thread !== undefined && typeof thread !== "string") return undefined;
    return {
      action: {
        user_id: user_id!,
        channel_id: channel_id!,
        post_id: post_id!,
        ...(typeof user_name === "string" ? { user_name } : {}),
        ...(typeof trigger_id === "string" && trigger_id !== "" ? { trigger_id } : {}),
      },
      bound: { data, nonce, direct, ...(thread === undefined ? {} : { thread }) },
      proof,
    };
  } catch {
    return undefined;
  }
}

function json(body: object): Response {
  return Response.json(body, { headers: { "x-content-type-options": "nosniff" } });
}

function answer(status: number, headers: Record<string, string> = {}): Response {
  return new Response(null, { status, headers });
}

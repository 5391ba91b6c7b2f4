/** Door of the generic webhook: any program of the owner's as a Channel. docs/channels/webhook.md is the contract with it, QUIRKS.md the reasons. */
import { MAX_BLOB_BYTES } from "../../core/blobs.ts";
import type { Channel, ChannelDeps, RenderedPart, SendTarget } from "../../core/channel.ts";
import { ChannelError, StoreError } from "../../core/errors.ts";
import type { HttpRequest, HttpResponse } from "../../core/http.ts";
import { createAccountHealth, type Health } from "../../lib/channel-health/index.ts";
import { editAction } from "../../lib/edit-action/index.ts";
import { keepChecking } from "../../lib/keep-trying/index.ts";
import { readBody } from "../../lib/read-body/index.ts";
import { type Backoff } from "../../lib/reconnect/index.ts";
import type { WebhookAccountConfig } from "./config.ts";
import { toChannelError, WebhookFailure } from "./failure.ts";
import { parseEvent, translate } from "./inbound.ts";
import { MAX_TEXT, renderMessage, type WebhookPayload } from "./render.ts";
import { isSigned, signatureOf, signedHeaders } from "./signature.ts";

export type { WebhookAccountConfig } from "./config.ts";
export { plainMarkdown } from "./render.ts";

/** Waits, changed by tests alone; milliseconds. */
export interface WebhookTiming {
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** How often the program is asked whether it is there. */
  readonly checkMs: number;
}

const TIMING: WebhookTiming = { minBackoffMs: 1_000, maxBackoffMs: 60_000, checkMs: 60_000 };
const MAX_BODY_BYTES = 1_000_000;
const MAX_FILE_BYTES = 10_000_000;
const RETRY_AFTER_SECONDS = 5;
const EDIT_PACE_MS = 1_000;

/** @example const channel = createWebhook({ ...section, account: "default", url, secret }, deps); await channel.start(signal); */
export function createWebhook(config: WebhookAccountConfig, given: ChannelDeps, timing: Partial<WebhookTiming> = {}): Channel {
  const deps = { ...given, log: given.log.child({ channel: "webhook", account: config.account }) };
  const health = createAccountHealth("webhook", deps);
  const call = (request: HttpRequest) => callProgram(config, deps, request);
  const post = async (event: object, signal?: AbortSignal) => {
    const response = await call({ method: "POST", path: "/events", body: JSON.stringify(event), ...(signal === undefined ? {} : { signal }) });
    return idOf(await response.text(64_000));
  };
  const eventOf = async (type: "message" | "edit", part: RenderedPart, { address, replyTo }: SendTarget) => {
    const { markdown, media, buttons } = part.payload as WebhookPayload;
    const place = { account: config.account, conversation: address.conversation, ...(address.thread === undefined ? {} : { thread: address.thread }) };
    const said = { text: part.text, ...(markdown === undefined ? {} : { markdown }), ...(buttons === undefined ? {} : { buttons }) };
    const file = media === undefined ? {} : { media: await fileOf(deps, media) };
    return { type, ...place, ...(replyTo === undefined ? {} : { reply_to: replyTo }), ...said, ...file, at: deps.clock.now() };
  };
  const edit: NonNullable<Channel["edit"]> = async (receipt, part, target) => {
    try {
      await post({ ...(await eventOf("edit", part, target)), id: target.nonce, message: receipt.messageId }, target.signal);
    } catch (error) {
      throw toChannelError(error);
    }
  };
  return {
    name: "webhook",
    account: config.account,
    capabilities: {
      maxText: MAX_TEXT,
      edit: config.streaming,
      typing: true,
      media: true,
      buttons: true,
      threads: true,
      idempotentSend: true,
      editPaceMs: EDIT_PACE_MS,
    },
    async start(signal) {
      health.set("starting");
      // Ready means that the program has answered (P7).
      await keepChecking({ config, health, deps, timing: { ...TIMING, ...timing } }, { channel: "webhook", signal, recover }, async () => {
        await post({ type: "ping" }, signal);
        health.alive();
      });
      health.set("stopped");
    },
    status: health.status,
    render: renderMessage,
    async send(part, target) {
      try {
        const messageId = (await post({ ...(await eventOf("message", part, target)), id: target.nonce }, target.signal)) ?? target.nonce;
        return { messageId };
      } catch (error) {
        throw toChannelError(error);
      }
    },
    edit,
    // A program that takes edits takes this one too; it knows of nothing else that is done to messages.
    ...(config.streaming && { actions: { edit: editAction({ name: "webhook", render: renderMessage, edit }) } }),
    async typing({ conversation, thread }) {
      try {
        await post({ type: "typing", account: config.account, conversation, ...(thread === undefined ? {} : { thread }) });
      } catch (error) {
        deps.log.debug("webhook typing not shown", { error });
      }
    },
    async fetchMedia(media, signal) {
      if (media.ref === undefined) throw new ChannelError("webhook_no_file", "the media has no id", "permanent", { hint: "Send the file again" });
      try {
        const response = await call({ path: `/media/${encodeURIComponent(media.ref)}`, signal });
        const type = media.type ?? (response.headers["content-type"] ?? "application/octet-stream").split(";", 1)[0]!.trim().toLowerCase();
        return { bytes: await response.bytes(MAX_BLOB_BYTES), type, ...(media.name === undefined ? {} : { name: media.name }) };
      } catch (error) {
        throw toChannelError(error);
      }
    },
    webhook: (request) => receive({ config, deps, health }, request),
  };
}

/** @throws WebhookFailure for an answer that is no 2xx, HttpFailure for none. */
async function callProgram({ url, secret }: WebhookAccountConfig, { http, clock }: ChannelDeps, request: HttpRequest): Promise<HttpResponse> {
  const path = new URL(url.replace(/\/+$/, "") + request.path).pathname;
  const signed = typeof request.body === "string" ? request.body : `${request.method ?? "GET"} ${path}`;
  const headers = { ...(await signedHeaders(secret, signed, clock.now())), ...(request.body === undefined ? {} : { "content-type": "application/json" }) };
  const response = await http.request({ baseUrl: url }, { ...request, headers });
  if (response.status >= 200 && response.status < 300) return response;
  await response.text(64_000).catch(() => "");
  const seconds = Number(response.headers["retry-after"]);
  throw new WebhookFailure(response.status, seconds > 0 ? seconds * 1_000 : undefined);
}

/** The program may name the message itself. */
function idOf(body: string): string | undefined {
  try {
    const { id } = JSON.parse(body) as { id?: unknown };
    return typeof id === "string" && id !== "" && id.length <= 200 ? id : undefined;
  } catch {
    return undefined;
  }
}

async function fileOf({ blobs }: ChannelDeps, media: NonNullable<WebhookPayload["media"]>): Promise<object> {
  const blob = media.blob === undefined ? undefined : await blobs.get(media.blob);
  if (blob === undefined) throw new ChannelError("blob_missing", `the file ${media.blob} is not stored any more`, "permanent", { hint: "Make it again" });
  if (blob.size > MAX_FILE_BYTES)
    throw new ChannelError("webhook_file_too_big", "the file is too big for a webhook", "permanent", { hint: "It may have 10 MB" });
  return { kind: media.kind, name: media.name ?? blob.name ?? "file", type: blob.type, data: Buffer.from(blob.bytes).toString("base64") };
}

async function recover({ health }: { health: Health }, error: unknown, { backoff, signal }: { backoff: Backoff; signal: AbortSignal }): Promise<void> {
  const { code, message, failure } = toChannelError(error);
  health.trouble(failure === "permanent" ? "failed" : "degraded", code, `${message}; trying again. Check url and secret, and whether the program runs`);
  await backoff.wait(signal);
}

/** @returns 200 taken, 400 no event, 401 not signed or too old, 405, 413 too long, 503 try again. */
async function receive({ config, deps, health }: { config: WebhookAccountConfig; deps: ChannelDeps; health: Health }, request: Request): Promise<Response> {
  // Before the body is read: a stranger costs no memory (sec-107).
  const signature = signatureOf(request.headers, deps.clock.now());
  if (signature === undefined) return answer(401);
  if (request.method !== "POST") return answer(405, { allow: "POST" });
  const body = await readBody(request, MAX_BODY_BYTES);
  if (body === undefined) return answer(413);
  if (!(await isSigned(config.secret, body, signature))) return answer(401);
  const event = parseEvent(body);
  if (event === undefined) return answer(400);
  // A program newer than us; what we do not know does not concern us.
  if (event === "unknown") return answer(200);
  const update = translate(event, { account: config.account, now: deps.clock.now() });
  if (update === undefined) return answer(400);
  if (["stopped", "starting"].includes(health.status().state)) return unavailable(RETRY_AFTER_SECONDS);
  try {
    await deps.intake.receive([update]);
  } catch (error) {
    deps.log.warn("webhook event not taken", { error });
    health.trouble(
      "degraded",
      error instanceof StoreError ? error.code : "webhook_intake_failed",
      "events cannot be stored; the program has to send them again",
    );
    return unavailable(error instanceof StoreError && error.retryAfterMs !== undefined ? Math.ceil(error.retryAfterMs / 1_000) : RETRY_AFTER_SECONDS);
  }
  health.heard();
  deps.metrics.count("channel_updates", { channel: "webhook", account: config.account }, 1);
  // What was in the way is gone; a program that does not answer is another trouble.
  if (/^store_|webhook_intake_failed/.test(health.status().code ?? "")) health.alive();
  return answer(200);
}

function answer(status: number, headers: Record<string, string> = {}): Response {
  return new Response(null, { status, headers });
}

function unavailable(seconds: number): Response {
  return answer(503, { "retry-after": String(Math.max(1, seconds)) });
}

import { ModelError, type ModelFailure } from "../../core/errors.ts";
import { retryAfterMs } from "./retry-after.ts";

/** What a provider complained about, by response or inside its stream. */
export interface Complaint {
  readonly provider: string;
  readonly model: string;
  /** HTTP status; undefined inside a stream. */
  readonly status?: number;
  /** The vendor's words for the kind of error, e.g. `overloaded_error`, `insufficient_quota`. */
  readonly type: string;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Wall milliseconds. */
  readonly now: number;
}

interface Verdict {
  readonly code: string;
  readonly failure: ModelFailure;
  readonly hint?: string;
}

const TOO_LONG =
  /context_length_exceeded|context.?(length|window|size)|maximum.{0,20}(context|prompt|input).{0,10}length|prompt is too long|(input|prompt|request).{0,20}(too long|too large|exceeds)|too many (input )?tokens|reduce the length|max_prompt_tokens/i;
const QUOTA = /insufficient_quota|exceeded your current quota|billing|credit balance|insufficient (balance|credits?|funds)|payment required|out of credits/i;
const FLAGGED = /moderation|flagged|content.?policy|content_filter/i;
const BAD_KEY = /invalid.{0,10}api.?key|incorrect api key|api.?key.{0,20}(invalid|not valid|expired)|authentication_error|invalid_api_key/i;
const NO_MODEL = /model_not_found|model.{0,80}(not found|does not exist|not exist|not supported|unknown)|(unknown|invalid|no such) model|not_found_error/i;

/** Statuses that stand for an error which came without one. */
const STATUS_OF_TYPE: readonly (readonly [RegExp, number])[] = [
  [/overloaded|slow_down|unavailable/i, 529],
  [/rate.?limit|too_many_requests|429/i, 429],
  [/authentication|invalid_api_key|401/i, 401],
  [/permission|403/i, 403],
  [/not_found|404/i, 404],
  [/too_large|413/i, 413],
  [/billing|quota|402/i, 402],
  [/invalid_request|bad_request|invalid_prompt|400/i, 400],
];

/** The typed error for a complaint; `failure` says what the model chain may do next. */
export function modelFailure(complaint: Complaint): ModelError {
  const status = complaint.status !== undefined && complaint.status >= 300 ? complaint.status : statusOfType(complaint.type);
  const verdict = judge(status, `${complaint.type} ${complaint.message}`, complaint);
  const told = `${complaint.type} ${complaint.message}`.trim().replace(/\s+/g, " ").slice(0, 500);
  const wait = verdict.failure === "away" ? retryAfterMs(complaint.headers ?? {}, complaint.now) : undefined;
  return new ModelError(verdict.code, `${nameOf(complaint)}: ${status}${told === "" ? "" : ` ${told}`}`, verdict.failure, {
    ...(verdict.hint !== undefined && { hint: verdict.hint }),
    ...(wait !== undefined && { retryAfterMs: wait }),
  });
}

/** `provider:model`, or the provider alone where no model was asked. */
export function nameOf({ provider, model }: { readonly provider: string; readonly model: string }): string {
  return model === "" ? provider : `${provider}:${model}`;
}

function statusOfType(type: string): number {
  const exact = Number(type);
  if (exact >= 400 && exact < 600) return exact;
  return STATUS_OF_TYPE.find(([pattern]) => pattern.test(type))?.[1] ?? 500;
}

function judge(status: number, told: string, complaint: Complaint): Verdict {
  const { provider, model } = complaint;
  const quota: Verdict = {
    code: "model_quota",
    failure: "refused",
    hint: `the account of ${provider} has no credit left; top it up or set a fallback model`,
  };
  const key: Verdict = { code: "model_key_refused", failure: "refused", hint: `the key was refused; set providers.${provider}.api_key` };
  const tooLong: Verdict = { code: "prompt_too_long", failure: "too_long", hint: "the conversation is too long for this model; /new starts a fresh one" };
  const unknown: Verdict = {
    code: "model_unknown",
    failure: "refused",
    hint: `${provider} does not know ${model} or the key may not use it; choose a model from \`clanker models list\` and check providers.${provider}.base_url`,
  };
  if (status === 402 || ([400, 403, 429].includes(status) && QUOTA.test(told))) return quota;
  if (status === 429) return { code: "model_rate_limited", failure: "away", hint: `${provider} allows no more requests right now; it is tried again later` };
  if (status === 413 || ([400, 404, 422, 500].includes(status) && TOO_LONG.test(told))) return tooLong;
  if (status === 403 && FLAGGED.test(told)) return { code: "model_input_flagged", failure: "invalid", hint: `${provider} does not answer this message` };
  if (status === 401 || status === 403 || (status === 400 && BAD_KEY.test(told))) return key;
  if (status === 404 || (status === 400 && NO_MODEL.test(told))) return unknown;
  if (status >= 500 || status === 408 || status === 409 || status === 425) {
    return { code: "model_overloaded", failure: "away", hint: `${provider} is overloaded or down; it is tried again later` };
  }
  if (status < 400)
    return { code: "model_request_invalid", failure: "invalid", hint: `${provider} answered with a redirect; check providers.${provider}.base_url` };
  return { code: "model_request_invalid", failure: "invalid", hint: `${provider} refused the request; the log has its words` };
}

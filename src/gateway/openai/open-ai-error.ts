import { ModelError, type ClankerError, toClankerError } from "../../core/errors.ts";
import { errorHeaders, faceOf, publicMessage } from "../http-error.ts";

/** A refusal in OpenAI's words: `param` names what is wrong with the request. */
export class OpenAiError extends Error {
  readonly status: number;
  readonly param: string | null;
  readonly code: string | null;

  constructor(message: string, details: { status?: number; param?: string | null; code?: string | null } = {}) {
    super(message);
    this.name = "OpenAiError";
    this.status = details.status ?? 400;
    this.param = details.param ?? null;
    this.code = details.code ?? null;
  }
}

/** @param param the request parameter that cannot be honoured. */
export function unsupported(param: string, why: string): OpenAiError {
  return new OpenAiError(`Unsupported parameter: '${param}'. ${why}`, { param, code: "unsupported_parameter" });
}

export function invalid(param: string, why: string): OpenAiError {
  return new OpenAiError(`Invalid '${param}': ${why}`, { param, code: "invalid_value" });
}

export interface OpenAiErrorBody {
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
  readonly code: string | null;
}

export function errorBody(thrown: unknown): OpenAiErrorBody {
  if (thrown instanceof OpenAiError) return { message: thrown.message, type: typeOf(thrown.status), param: thrown.param, code: thrown.code };
  const error = toClankerError(thrown);
  const message = error.hint === undefined ? publicMessage(error) : `${publicMessage(error)} (${error.hint})`;
  return { message, type: typeOf(statusOf(error)), param: paramOf(error), code: error.code };
}

export function openAiErrorResponse(thrown: unknown): Response {
  if (thrown instanceof OpenAiError) return Response.json({ error: errorBody(thrown) }, { status: thrown.status });
  const error = toClankerError(thrown);
  const status = statusOf(error);
  return Response.json({ error: errorBody(error) }, { status, headers: errorHeaders(error, status) });
}

/** A caller's tool that is named like one of ours, and an unknown model, belong to a parameter. */
function paramOf(error: ClankerError): string | null {
  if (error.code === "tool_name_clash") return "tools";
  return error.code === "model_not_found" || error.code === "agent_not_found" ? "model" : null;
}

function statusOf(error: ClankerError): number {
  if (error instanceof ModelError && error.code === "model_rate_limited") return 429;
  return faceOf(error).status;
}

function typeOf(status: number): string {
  if (status === 401) return "authentication_error";
  if (status === 403) return "permission_error";
  if (status === 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

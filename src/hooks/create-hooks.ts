/** `/hooks/NAME`: other programs tell the assistant something. Who they are is known by a token or a signature of the hook's own, never by the gateway's. */
import type { Address } from "../core/address.ts";
import type { Clock } from "../core/clock.ts";
import { AuthError, RequestError } from "../core/errors.ts";
import type { Intake, Outcome } from "../core/intake.ts";
import type { Log } from "../core/log.ts";
import { newId, type Random } from "../core/random.ts";
import type { Secret } from "../core/secret.ts";
import { sha256Hex } from "../lib/digest/index.ts";
import { readBody } from "../lib/read-body/index.ts";
import { describeIssue } from "../lib/schema/describe-issue.ts";
import { v } from "../lib/schema/index.ts";
import type { HookConfig, HooksConfig } from "./config.ts";
import { fillTemplate } from "./fill-template.ts";
import { updateOf, type HookCall } from "./hook-update.ts";
import { hasSignature, verifySignature } from "./verify-signature.ts";

export interface HooksDeps {
  /** As it is now: a secret that was changed holds for the next request (sec-16). */
  readonly config: () => HooksConfig;
  readonly agents: () => readonly string[];
  /** @throws when no such model can be asked. */
  readonly requireModel: (id: string) => unknown;
  readonly intake: Intake;
  /** Where the owner is told things. */
  readonly home: () => Promise<Address | undefined>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface Hooks {
  /** @throws RequestError, AuthError; StoreError `store_full`: nothing was taken, the caller may try again. */
  answer(name: string, request: Request): Promise<Response>;
}

const BODY_LIMIT = 1024 * 1024;
const key = v.pipe(v.string(), v.regex(/^[\w.:-]{1,200}$/));
const text = v.pipe(v.string(), v.trim(), v.nonEmpty(), v.maxLength(50_000));
const wakeBody = v.strictObject({ text, idempotency_key: v.optional(key) });
const agentBody = v.strictObject({
  message: text,
  agent: v.optional(v.pipe(v.string(), v.maxLength(64))),
  session: v.optional(v.picklist(["own", "fresh"]), "own"),
  model: v.optional(v.pipe(v.string(), v.maxLength(200))),
  thinking: v.optional(v.picklist(["off", "low", "medium", "high"])),
  idempotency_key: v.optional(key),
});

export function createHooks(deps: HooksDeps): Hooks {
  return {
    async answer(name, request) {
      const config = deps.config();
      const hook = Object.hasOwn(config.in, name) ? config.in[name] : undefined;
      const isOurs = (name === "wake" || name === "agent") && isFilled(config.token);
      if (!isOurs && hook === undefined)
        throw new RequestError("hook_not_found", `there is no hook ${name.slice(0, 64)}`, { hint: "see [hooks] in the config" });
      if (request.method !== "POST") throw new RequestError("method_not_allowed", "a hook is called with POST");
      const call = hook === undefined ? await callOfOurs(name, request, deps) : await callOfHook(name, hook, request, deps);
      const [outcome] = await deps.intake.receive([updateOf(call, { now: deps.clock.now(), home: await deps.home() })]);
      deps.log.info("hook called", { hook: name, outcome: outcome!.kind });
      return answerOf(outcome!, call);
    },
  };
}

async function callOfOurs(name: string, request: Request, deps: HooksDeps): Promise<HookCall> {
  const config = deps.config();
  requireToken(request, config.token);
  const body = await bodyOf(request);
  const given = parseJson(body);
  if (name === "wake") {
    const { text: said, idempotency_key: id } = parse(wakeBody, given);
    const { agent } = config;
    return {
      name,
      text: said,
      agent,
      session: `agent:${agent}:main`,
      deliver: config.deliver,
      options: {},
      key: id ?? newId(deps.clock, deps.random),
      digest: sha256Hex(body),
    };
  }
  const { message, agent = config.agent, session, model, thinking, idempotency_key: id } = parse(agentBody, given);
  if (agent !== config.agent && !config.agents.includes(agent))
    throw new AuthError("forbidden", `callers of hooks may not name the agent ${agent}`, { hint: "add it to hooks.agents in the config" });
  if (!deps.agents().includes(agent)) throw new RequestError("agent_not_found", `no such agent: ${agent}`);
  if (model !== undefined) deps.requireModel(model);
  const named = id ?? newId(deps.clock, deps.random);
  return {
    name,
    key: named,
    text: message,
    agent,
    session: sessionOf(agent, name, session, named),
    deliver: config.deliver,
    options: { ...(model !== undefined && { model }), ...(thinking !== undefined && { thinking }) },
    digest: sha256Hex(body),
  };
}

async function callOfHook(name: string, hook: HookConfig, request: Request, deps: HooksDeps): Promise<HookCall> {
  const config = deps.config();
  const { agent = config.agent, model, max_tokens: maxTurnTokens } = hook;
  const { body, signedAs } = await proved(hook, request, deps);
  const named = signedAs ?? headerKey(request) ?? newId(deps.clock, deps.random);
  return {
    name,
    key: named,
    text: fillTemplate(hook.template, parseJson(body)),
    agent,
    session: sessionOf(agent, name, hook.session, named),
    deliver: hook.deliver ?? config.deliver,
    options: { ...(model !== undefined && { model }), ...(maxTurnTokens !== undefined && { maxTurnTokens }) },
    digest: sha256Hex(body),
  };
}

/** Nothing of a body is read before its caller has shown a token, or something that may be a signature (sec-107). @throws AuthError `unauthenticated` */
async function proved({ secret, signature }: HookConfig, request: Request, { clock }: HooksDeps): Promise<{ body: Uint8Array; signedAs?: string }> {
  if (signature === "bearer") {
    requireToken(request, secret);
    return { body: await bodyOf(request) };
  }
  if (!hasSignature(signature, request.headers)) throw unsigned();
  const body = await bodyOf(request);
  const signedAs = await verifySignature({ scheme: signature, headers: request.headers, body, secret, now: clock.now() });
  if (signedAs === undefined) throw unsigned();
  return { body, signedAs };
}

function unsigned(): AuthError {
  return new AuthError("unauthenticated", "this request is not signed with the hook's secret, or not within five minutes", {
    hint: "compare the secret on both sides, and the clocks",
  });
}

/** @throws AuthError `unauthenticated` */
function requireToken(request: Request, token: Secret | undefined): void {
  const given = /^Bearer (\S+)$/.exec(request.headers.get("authorization") ?? "")?.[1];
  // Digests are compared: how far two of them agree says nothing about the token.
  if (given === undefined || !isFilled(token) || sha256Hex(given) !== sha256Hex(token.reveal()))
    throw new AuthError("unauthenticated", "the hook's token is missing or wrong", { hint: "send it as Authorization: Bearer TOKEN" });
}

function isFilled(secret: Secret | undefined): secret is Secret {
  return secret !== undefined && secret.reveal().trim() !== "";
}

/** For callers with a token, who could say anything anyway. */
function headerKey(request: Request): string | undefined {
  const given = request.headers.get("idempotency-key") ?? undefined;
  if (given === undefined) return undefined;
  if (!v.is(key, given)) throw new RequestError("bad_params", "Idempotency-Key: 1 to 200 letters, digits and . : _ -");
  return given;
}

/** @throws RequestError `body_too_large` */
async function bodyOf(request: Request): Promise<Uint8Array> {
  const body = await readBody(request, BODY_LIMIT);
  if (body === undefined) throw new RequestError("body_too_large", `the body has more than ${BODY_LIMIT} bytes`);
  return body;
}

/** @throws RequestError `parse_error` */
function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new RequestError("parse_error", "the body is not valid JSON");
  }
}

/** @throws RequestError `bad_params` */
function parse<S extends v.GenericSchema>(schema: S, given: unknown): v.InferOutput<S> {
  const { success, output, issues } = v.safeParse(schema, given);
  if (success) return output;
  throw new RequestError("bad_params", describeIssue(issues[0], "entries" in schema ? Object.keys(schema.entries as object) : []), {
    hint: "docs/hooks.md shows what is sent here",
  });
}

/** contract.md, session keys. */
function sessionOf(agent: string, name: string, kind: "own" | "fresh", named: string): string {
  const own = `agent:${agent}:hook:${name}`;
  return kind === "own" ? own : `${own}:${sha256Hex(named).slice(0, 16)}`;
}

function answerOf(outcome: Outcome, { session }: HookCall): Response {
  if (outcome.kind === "turn") return Response.json({ accepted: true, turn_id: outcome.turnId, message_id: outcome.messageId, session }, { status: 202 });
  if (outcome.kind === "duplicate") {
    const { turnId, messageId } = outcome;
    return Response.json({ accepted: true, duplicate: true, ...(turnId && { turn_id: turnId }), ...(messageId && { message_id: messageId }), session });
  }
  // The owner's own hook is refused by nobody.
  throw new RequestError("unavailable", `the call was not taken: ${outcome.kind}`, { hint: "see whether hooks.deliver names a channel that is configured" });
}

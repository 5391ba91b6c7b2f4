import { parseAddress } from "../core/address.ts";
import { described, secret, v } from "../lib/schema/index.ts";

const agent = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,64}$/, "must be the name of an agent"));
const model = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]+:\S+$/, "must be provider:model"));
const deliver = v.pipe(
  v.string(),
  v.check((to) => to === "owner" || to === "quiet" || isAddress(to), "must be owner, quiet or an address such as telegram:default:12345"),
);

const DELIVER = "Where its answers go: owner (the owner's last direct conversation), quiet (nowhere: they are kept in its session), or an address.";

const hook = v.strictObject({
  secret: described(secret(), "What the caller sends as Authorization: Bearer, or signs its requests with.", { example: "${GITHUB_WEBHOOK_SECRET}" }),
  signature: described(
    v.optional(v.picklist(["bearer", "github", "stripe", "standard"]), "bearer"),
    "How a caller shows that it knows the secret: bearer, github (X-Hub-Signature-256), stripe (Stripe-Signature), standard (standardwebhooks.com).",
  ),
  template: described(
    v.optional(v.pipe(v.string(), v.nonEmpty(), v.maxLength(20_000)), "{{body}}"),
    "What the agent is told. {{a.b.0}} stands for that value of the JSON body, {{body}} for all of it; there is nothing else in it.",
    { example: "New issue in {{repository.full_name}}: {{issue.title}}" },
  ),
  agent: described(v.optional(agent), "Which agent is told; default: that of [hooks].", { example: "main" }),
  session: described(v.optional(v.picklist(["own", "fresh"]), "own"), "own: one conversation for all calls; fresh: a new one for each."),
  deliver: described(v.optional(deliver), `${DELIVER} Default: that of [hooks].`, { example: "quiet" }),
  model: described(v.optional(model), "Its model; default: the agent's.", { example: "offline:demo" }),
  max_tokens: described(v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))), "Most tokens of one call; never more than the agent's own limit.", {
    example: 20_000,
  }),
});

const restart = { restart: true };

/** What an outgoing hook may ask for: everything that is published but the pieces of an answer that is being written. */
const EVENTS = [
  "message.accepted",
  "message.changed",
  "turn.queued",
  "turn.started",
  "turn.step",
  "turn.tool",
  "turn.moved",
  "turn.ended",
  "delivery.changed",
  "session.changed",
  "channel.changed",
  "approval.asked",
  "approval.resolved",
  "config.changed",
  "device.changed",
  "pairing.changed",
  "job.ran",
  "notice",
] as const;

const outgoing = v.strictObject({
  enabled: described(v.optional(v.boolean(), true), "Whether it is called.", restart),
  url: described(v.pipe(v.string(), v.url("must be a URL"), v.regex(/^https?:\/\//, "must begin with https:// or http://")), "Where events are posted.", {
    ...restart,
    example: "https://example.org/clanker",
  }),
  secret: described(secret(), "What each request is signed with (standardwebhooks.com); whsec_ and base64, or any text.", {
    ...restart,
    example: "${EVENTS_SECRET}",
  }),
  events: described(v.pipe(v.array(v.picklist(EVENTS)), v.minLength(1, "name at least one event")), "Which events.", { ...restart, example: ["turn.ended"] }),
});

export type OutgoingHookConfig = v.InferOutput<typeof outgoing>;

const name = (reserved: RegExp) => v.pipe(v.string(), v.regex(reserved, "must be small letters, digits, - or _, and not wake or agent"));

/** `[hooks]`: other programs that tell the assistant something. */
export const hooksConfig = v.strictObject({
  token: described(v.optional(secret()), "Callers of /hooks/wake and /hooks/agent send it as Authorization: Bearer; without it these two do not exist.", {
    example: "${CLANKER_HOOKS_TOKEN}",
  }),
  agent: described(v.optional(agent, "main"), "Which agent is told."),
  agents: described(v.optional(v.array(agent), []), "Further agents that callers of /hooks/agent may name."),
  deliver: described(v.optional(deliver, "owner"), DELIVER),
  in: described(v.optional(v.record(name(/^(?!(wake|agent)$)[a-z0-9_-]{1,64}$/), hook), {}), "A hook of a name of its own: /hooks/NAME."),
  out: described(v.optional(v.record(name(/^[a-z0-9_-]{1,64}$/), outgoing), {}), "Other programs that are told what happens here."),
});

export type HooksConfig = v.InferOutput<typeof hooksConfig>;
export type HookConfig = v.InferOutput<typeof hook>;

function isAddress(text: string): boolean {
  try {
    parseAddress(text);
    return true;
  } catch {
    return false;
  }
}

// Written by scripts/docs-api.ts from the method registry; do not edit.

/** Parameters and results of every method. */
export interface Methods {
  /** Sends a message and waits until its turn has ended (or timeout_ms is over: outcome `running`). */
  readonly "agent.run": {
    readonly params: {
      readonly session?: string;
      readonly message: string | { readonly text?: string; readonly media?: readonly string[]; readonly reply_to?: string };
      readonly idempotency_key?: string;
      readonly model?: string;
      readonly thinking?: "off" | "low" | "medium" | "high";
      readonly timeout_ms?: number;
    };
    readonly result:
      | {
          readonly turn_id: string;
          readonly message_id?: string;
          readonly session: string;
          readonly outcome: "done" | "failed" | "cancelled" | "running";
          readonly text: string;
          readonly usage: { readonly input: number; readonly output: number; readonly cacheRead: number; readonly cacheWrite: number };
          readonly error?: { readonly code: string; readonly message: string; readonly hint?: string };
        }
      | { readonly command: string; readonly reply: string };
  };
  /** Turns that are queued, running or waiting, newest first. */
  readonly "agent.status": {
    readonly params: { readonly session?: string; readonly limit?: number };
    readonly result: {
      readonly turns: readonly {
        readonly turn_id: string;
        readonly session: string;
        readonly agent: string;
        readonly status: string;
        readonly attempts: number;
        readonly steps: number;
        readonly created_at: number;
        readonly started_at?: number;
        readonly not_before: number;
        readonly reason?: "model_away";
      }[];
    };
  };
  /** Waits until the turn that answers a message has ended. */
  readonly "agent.wait": {
    readonly params: { readonly message_id: string; readonly timeout_ms?: number };
    readonly result: {
      readonly turn_id: string;
      readonly message_id?: string;
      readonly session: string;
      readonly outcome: "done" | "failed" | "cancelled" | "running";
      readonly text: string;
      readonly usage: { readonly input: number; readonly output: number; readonly cacheRead: number; readonly cacheWrite: number };
      readonly error?: { readonly code: string; readonly message: string; readonly hint?: string };
    };
  };
  /** The configured agents, their models, and where each of them answers instead of main. */
  readonly "agents.list": {
    readonly params: Record<string, never>;
    readonly result: {
      readonly agents: readonly {
        readonly name: string;
        readonly model: string;
        readonly bindings: readonly { readonly channel?: string; readonly account?: string; readonly group?: string; readonly person?: string }[];
      }[];
    };
  };
  /** Questions to the owner about tool calls, newest first; without `all` those that are open. */
  readonly "approvals.list": {
    readonly params: { readonly all?: boolean; readonly limit?: number };
    readonly result: {
      readonly approvals: readonly {
        readonly approval_id: string;
        readonly code: string;
        readonly status: "pending" | "approved" | "denied" | "expired" | "cancelled" | "used";
        readonly session: string;
        readonly turn_id: string;
        readonly call_id: string;
        readonly tool: string;
        readonly text: string;
        readonly reason: string;
        readonly plan: string;
        readonly digest: string;
        readonly choices: readonly ("once" | "session" | "always" | "deny")[];
        readonly scope?: string;
        readonly asked_at: number;
        readonly expires_at: number;
        readonly answered_at?: number;
      }[];
    };
  };
  /** The owner's answer to a question: this once, for the session, always for exactly this plan, or no. The first answer counts. */
  readonly "approvals.resolve": {
    readonly params: { readonly approval: string; readonly decision: "once" | "session" | "always" | "deny" };
    readonly result: {
      readonly approval: {
        readonly approval_id: string;
        readonly code: string;
        readonly status: "pending" | "approved" | "denied" | "expired" | "cancelled" | "used";
        readonly session: string;
        readonly turn_id: string;
        readonly call_id: string;
        readonly tool: string;
        readonly text: string;
        readonly reason: string;
        readonly plan: string;
        readonly digest: string;
        readonly choices: readonly ("once" | "session" | "always" | "deny")[];
        readonly scope?: string;
        readonly asked_at: number;
        readonly expires_at: number;
        readonly answered_at?: number;
      };
      readonly reply: string;
    };
  };
  /** Records of the audit in order: those behind `after`, or the newest ones before `before`. */
  readonly "audit.list": {
    readonly params: { readonly after?: number; readonly before?: number; readonly limit?: number };
    readonly result: {
      readonly records: readonly {
        readonly seq: number;
        readonly at: number;
        readonly kind: string;
        readonly actor: string;
        readonly session?: string;
        readonly turn?: string;
        readonly data: Readonly<Record<string, unknown>>;
        readonly hash: string;
      }[];
    };
  };
  /** Reads the whole audit and checks its chain and its signed checkpoints. */
  readonly "audit.verify": {
    readonly params: Record<string, never>;
    readonly result: { readonly ok: boolean; readonly records: number; readonly checkpoints: number; readonly first_bad?: number; readonly problem?: string };
  };
  /** Shows the credential; has to come within 10 s of connecting. */
  readonly authenticate: {
    readonly params: {
      readonly token?: string;
      readonly password?: string;
      readonly device?: {
        readonly id: string;
        readonly public_key: string;
        readonly scopes: readonly ("read" | "write" | "approvals" | "pairing" | "admin")[];
        readonly signed_at: number;
        readonly signature: string;
        readonly renew_token?: boolean;
      };
    };
    readonly result: {
      readonly protocol: number;
      readonly version: string;
      readonly scopes: readonly string[];
      readonly seq: number;
      readonly device_token?: string;
      readonly limits: { readonly max_frame_bytes: number; readonly max_buffered_bytes: number; readonly max_calls: number };
    };
  };
  /** A fresh nonce of this connection for one proof of a device, and the gateway's identity, which is part of what is signed. */
  readonly challenge: {
    readonly params: Record<string, never>;
    readonly result: { readonly nonce: string; readonly gateway: string };
  };
  /** Starts a channel account that was stopped. */
  readonly "channels.connect": {
    readonly params: { readonly channel: string; readonly account?: string };
    readonly result: { readonly connected: boolean };
  };
  /** Stops a channel account until it is connected again. */
  readonly "channels.disconnect": {
    readonly params: { readonly channel: string; readonly account?: string };
    readonly result: { readonly disconnected: boolean };
  };
  /** The configured channel accounts and their state. */
  readonly "channels.list": {
    readonly params: Record<string, never>;
    readonly result: { readonly channels: readonly { readonly channel: string; readonly account: string; readonly state: string }[] };
  };
  /** Begins to link a channel account from a phone and answers the first step: a QR code to scan or, with `phone`, a code to type there. */
  readonly "channels.login": {
    readonly params: { readonly channel: string; readonly account?: string; readonly phone?: string };
    readonly result: {
      readonly login_id: string;
      readonly number: number;
      readonly step:
        | { readonly type: "qr"; readonly text: string }
        | { readonly type: "code"; readonly code: string }
        | { readonly type: "linked"; readonly identity: string };
    };
  };
  /** Waits for the step of a login behind number `after`; the same one comes again when there is no newer one within 25 seconds. */
  readonly "channels.login_next": {
    readonly params: { readonly login_id: string; readonly after: number };
    readonly result: {
      readonly login_id: string;
      readonly number: number;
      readonly step:
        | { readonly type: "qr"; readonly text: string }
        | { readonly type: "code"; readonly code: string }
        | { readonly type: "linked"; readonly identity: string };
    };
  };
  /** Unlinks a channel account that was linked from a phone and forgets its keys. */
  readonly "channels.logout": {
    readonly params: { readonly channel: string; readonly account?: string };
    readonly result: { readonly logged_out: boolean };
  };
  /** What the channel accounts know of their connection. */
  readonly "channels.status": {
    readonly params: { readonly channel?: string; readonly account?: string };
    readonly result: {
      readonly channels: readonly {
        readonly channel: string;
        readonly account: string;
        readonly state: string;
        readonly last_alive_at?: number;
        readonly last_event_at?: number;
        readonly detail?: string;
        readonly code?: string;
        readonly identity?: string;
        readonly login?: boolean;
      }[];
    };
  };
  /** Stops one turn, or every turn of a session. */
  readonly "chat.abort": {
    readonly params: { readonly session?: string; readonly turn_id?: string };
    readonly result: { readonly turn_ids: readonly string[] };
  };
  /** Entries of a session: those after a number, or the newest ones. */
  readonly "chat.history": {
    readonly params: { readonly session?: string; readonly after?: number; readonly before?: number; readonly limit?: number };
    readonly result: {
      readonly session: string;
      readonly session_id: string;
      readonly last_entry: number;
      readonly entries: readonly {
        readonly number: number;
        readonly role: "user" | "assistant" | "tool" | "system";
        readonly text: string;
        readonly at: number;
        readonly turn_id?: string;
        readonly message_id?: string;
        readonly channel?: string;
        readonly sender?: string;
        readonly media?: readonly {
          readonly kind: string;
          readonly media_id?: string;
          readonly name?: string;
          readonly type?: string;
          readonly size?: number;
        }[];
        readonly model?: string;
        readonly stop?: string;
        readonly thinking?: string;
        readonly calls?: readonly { readonly call_id: string; readonly name: string; readonly args: unknown }[];
        readonly call_id?: string;
        readonly name?: string;
        readonly error?: boolean;
      }[];
    };
  };
  /** Hands a message to the assistant and answers when it is durably accepted. */
  readonly "chat.send": {
    readonly params: {
      readonly session?: string;
      readonly message: string | { readonly text?: string; readonly media?: readonly string[]; readonly reply_to?: string };
      readonly idempotency_key?: string;
      readonly model?: string;
      readonly thinking?: "off" | "low" | "medium" | "high";
    };
    readonly result: { readonly turn_id: string; readonly message_id: string; readonly session: string } | { readonly command: string; readonly reply: string };
  };
  /** The effective configuration, or what stands under a dotted key, and the digest a change is made from; secrets are masked. */
  readonly "config.get": {
    readonly params: { readonly key?: string };
    readonly result: { readonly value: unknown; readonly digest: string };
  };
  /** Changes several keys at once (JSON merge patch: null removes a key). With `digest` only if the configuration is still the same. */
  readonly "config.patch": {
    readonly params: { readonly patch: Readonly<Record<string, unknown>>; readonly digest?: string };
    readonly result: { readonly applied: readonly string[]; readonly restart_required: readonly string[]; readonly digest: string };
  };
  /** Reads the configuration files again, for edits made by hand. */
  readonly "config.reload": {
    readonly params: Record<string, never>;
    readonly result: { readonly applied: readonly string[]; readonly restart_required: readonly string[]; readonly digest: string };
  };
  /** JSON Schema of the configuration file. */
  readonly "config.schema": {
    readonly params: Record<string, never>;
    readonly result: { readonly schema: Readonly<Record<string, unknown>> };
  };
  /** Sets one key; null removes it; a key that ends in + is a list, to which the value or values are added. With `digest` only if the configuration is still the same. */
  readonly "config.set": {
    readonly params: { readonly key: string; readonly value: unknown; readonly digest?: string };
    readonly result: { readonly applied: readonly string[]; readonly restart_required: readonly string[]; readonly digest: string };
  };
  /** Checks a whole configuration without writing it. */
  readonly "config.validate": {
    readonly params: { readonly config: Readonly<Record<string, unknown>> };
    readonly result: { readonly valid: boolean; readonly problems: readonly { readonly key: string; readonly message: string; readonly hint?: string }[] };
  };
  /** A new job. Exactly one of `at` (a time in time_zone, or from now: 20m), `every` (30m) and `cron`; `message` starts a turn, `reminder` is delivered as it stands. `session`: own, fresh or a key. `deliver`: quiet, owner or an address. */
  readonly "cron.add": {
    readonly params: {
      readonly name?: string;
      readonly at?: string | number;
      readonly every?: string | number;
      readonly cron?: string;
      readonly time_zone?: string;
      readonly message?: string;
      readonly reminder?: string;
      readonly agent?: string;
      readonly session?: string;
      readonly deliver?: string;
      readonly model?: string;
      readonly thinking?: "off" | "low" | "medium" | "high";
      readonly max_tokens?: number;
      readonly catch_up?: "skip" | "once" | "all";
      readonly catch_up_limit?: number;
      readonly max_delay?: string | number;
      readonly stagger?: string | number;
      readonly delete_after_run?: boolean;
      readonly enabled?: boolean;
    };
    readonly result: {
      readonly id: string;
      readonly name: string;
      readonly agent: string;
      readonly schedule: string;
      readonly at?: number;
      readonly every_ms?: number;
      readonly cron?: string;
      readonly time_zone?: string;
      readonly kind: "message" | "reminder" | "heartbeat";
      readonly text: string;
      readonly session: string;
      readonly deliver: string;
      readonly model?: string;
      readonly thinking?: string;
      readonly max_tokens?: number;
      readonly enabled: boolean;
      readonly catch_up: "skip" | "once" | "all";
      readonly catch_up_limit: number;
      readonly max_delay_ms: number;
      readonly stagger_ms: number;
      readonly delete_after_run: boolean;
      readonly next_at?: number;
      readonly failures: number;
      readonly skipped: number;
      readonly person: string;
      readonly created_at: number;
      readonly updated_at: number;
    };
  };
  /** Changes a job; what is left out stays. Slots up to now are decided by the old schedule first. */
  readonly "cron.edit": {
    readonly params: {
      readonly id: string;
      readonly name?: string;
      readonly at?: string | number;
      readonly every?: string | number;
      readonly cron?: string;
      readonly time_zone?: string;
      readonly message?: string;
      readonly reminder?: string;
      readonly agent?: string;
      readonly session?: string;
      readonly deliver?: string;
      readonly model?: string;
      readonly thinking?: "off" | "low" | "medium" | "high";
      readonly max_tokens?: number;
      readonly catch_up?: "skip" | "once" | "all";
      readonly catch_up_limit?: number;
      readonly max_delay?: string | number;
      readonly stagger?: string | number;
      readonly delete_after_run?: boolean;
      readonly enabled?: boolean;
    };
    readonly result: {
      readonly id: string;
      readonly name: string;
      readonly agent: string;
      readonly schedule: string;
      readonly at?: number;
      readonly every_ms?: number;
      readonly cron?: string;
      readonly time_zone?: string;
      readonly kind: "message" | "reminder" | "heartbeat";
      readonly text: string;
      readonly session: string;
      readonly deliver: string;
      readonly model?: string;
      readonly thinking?: string;
      readonly max_tokens?: number;
      readonly enabled: boolean;
      readonly catch_up: "skip" | "once" | "all";
      readonly catch_up_limit: number;
      readonly max_delay_ms: number;
      readonly stagger_ms: number;
      readonly delete_after_run: boolean;
      readonly next_at?: number;
      readonly failures: number;
      readonly skipped: number;
      readonly person: string;
      readonly created_at: number;
      readonly updated_at: number;
    };
  };
  /** The jobs, the next due first. */
  readonly "cron.list": {
    readonly params: { readonly limit?: number };
    readonly result: {
      readonly jobs: readonly {
        readonly id: string;
        readonly name: string;
        readonly agent: string;
        readonly schedule: string;
        readonly at?: number;
        readonly every_ms?: number;
        readonly cron?: string;
        readonly time_zone?: string;
        readonly kind: "message" | "reminder" | "heartbeat";
        readonly text: string;
        readonly session: string;
        readonly deliver: string;
        readonly model?: string;
        readonly thinking?: string;
        readonly max_tokens?: number;
        readonly enabled: boolean;
        readonly catch_up: "skip" | "once" | "all";
        readonly catch_up_limit: number;
        readonly max_delay_ms: number;
        readonly stagger_ms: number;
        readonly delete_after_run: boolean;
        readonly next_at?: number;
        readonly failures: number;
        readonly skipped: number;
        readonly person: string;
        readonly created_at: number;
        readonly updated_at: number;
      }[];
    };
  };
  /** Removes a job; a run that has begun ends by itself. */
  readonly "cron.remove": {
    readonly params: { readonly id: string };
    readonly result: { readonly removed: boolean };
  };
  /** Runs a job now, beside its schedule; job.ran tells how it ended. */
  readonly "cron.run": {
    readonly params: { readonly id: string };
    readonly result: {
      readonly id: string;
      readonly job_id: string;
      readonly name: string;
      readonly slot: number;
      readonly trigger: "schedule" | "catch_up" | "manual";
      readonly status: "due" | "running" | "done" | "failed" | "cancelled";
      readonly started_at?: number;
      readonly ended_at?: number;
      readonly turn_id?: string;
      readonly session?: string;
      readonly attempts?: number;
      readonly error?: { readonly code: string; readonly message: string };
    };
  };
  /** Runs of one job or of all, the newest first. */
  readonly "cron.runs": {
    readonly params: { readonly id?: string; readonly limit?: number };
    readonly result: {
      readonly runs: readonly {
        readonly id: string;
        readonly job_id: string;
        readonly name: string;
        readonly slot: number;
        readonly trigger: "schedule" | "catch_up" | "manual";
        readonly status: "due" | "running" | "done" | "failed" | "cancelled";
        readonly started_at?: number;
        readonly ended_at?: number;
        readonly turn_id?: string;
        readonly session?: string;
        readonly attempts?: number;
        readonly error?: { readonly code: string; readonly message: string };
      }[];
    };
  };
  /** Whether this gateway runs the jobs, how many there are and when the next one is due. */
  readonly "cron.status": {
    readonly params: Record<string, never>;
    readonly result: { readonly running: boolean; readonly jobs: number; readonly next_at?: number };
  };
  /** Devices that are paired or were. */
  readonly "device.list": {
    readonly params: Record<string, never>;
    readonly result: {
      readonly devices: readonly {
        readonly device_id: string;
        readonly name: string;
        readonly platform: string;
        readonly status: "active" | "revoked";
        readonly scopes: readonly string[];
        readonly has_token: boolean;
        readonly created_at: number;
        readonly approved_at?: number;
      }[];
    };
  };
  /** Lets a device in, with the scopes it asked for or with these; nobody gives a scope that they do not hold. */
  readonly "device.pair.approve": {
    readonly params: { readonly request_id: string; readonly scopes?: readonly ("read" | "write" | "approvals" | "pairing" | "admin")[] };
    readonly result: { readonly device_id: string; readonly scopes: readonly string[] };
  };
  /** Devices that ask to be paired, or for other scopes than they have. */
  readonly "device.pair.list": {
    readonly params: Record<string, never>;
    readonly result: {
      readonly requests: readonly {
        readonly request_id: string;
        readonly scopes: readonly string[];
        readonly expires_at: number;
        readonly device_id: string;
        readonly name: string;
        readonly platform: string;
        readonly status: string;
      }[];
    };
  };
  /** Refuses what a device asks for; what it has already stays. */
  readonly "device.pair.reject": {
    readonly params: { readonly request_id: string };
    readonly result: { readonly rejected: boolean };
  };
  /** A device that is not paired asks to be, with the scopes it has signed; the owner has 10 minutes to answer. */
  readonly "device.pair.request": {
    readonly params: {
      readonly device: {
        readonly id: string;
        readonly public_key: string;
        readonly scopes: readonly ("read" | "write" | "approvals" | "pairing" | "admin")[];
        readonly signed_at: number;
        readonly signature: string;
      };
      readonly name: string;
      readonly platform?: string;
    };
    readonly result: { readonly request_id: string; readonly expires_at: number };
  };
  /** Takes everything from a device and closes its connections. */
  readonly "device.revoke": {
    readonly params: { readonly device_id: string };
    readonly result: { readonly revoked: boolean };
  };
  /** Voids a device's token and closes its connections; it gets a new token when it next proves its key. */
  readonly "device.rotate": {
    readonly params: { readonly device_id: string };
    readonly result: { readonly rotated: boolean };
  };
  /** Whether the gateway is ready, and why not. */
  readonly health: {
    readonly params: Record<string, never>;
    readonly result: { readonly ready: boolean; readonly reasons: readonly string[] };
  };
  /** The newest log lines, oldest first. */
  readonly "logs.tail": {
    readonly params: { readonly limit?: number; readonly level?: "debug" | "info" | "warn" | "error"; readonly since?: number };
    readonly result: {
      readonly lines: readonly {
        readonly at: number;
        readonly level: "debug" | "info" | "warn" | "error";
        readonly message: string;
        readonly fields?: Readonly<Record<string, unknown>>;
      }[];
    };
  };
  /** What came in, newest last, of one session or all. */
  readonly "messages.history": {
    readonly params: { readonly session?: string; readonly limit?: number };
    readonly result: {
      readonly messages: readonly {
        readonly message_id: string;
        readonly session_id: string;
        readonly turn_id?: string;
        readonly type: string;
        readonly channel: string;
        readonly account: string;
        readonly sender: string;
        readonly text: string;
        readonly at: number;
      }[];
    };
  };
  /** Models of the configured providers. */
  readonly "models.list": {
    readonly params: Record<string, never>;
    readonly result: {
      readonly default: string;
      readonly models: readonly { readonly id: string; readonly context_tokens: number; readonly images: boolean; readonly thinking: boolean }[];
    };
  };
  /** Lets the sender in who was given this code: trusted in direct chats of that account, and nowhere else. */
  readonly "pairing.approve": {
    readonly params: { readonly code: string; readonly channel?: string; readonly account?: string };
    readonly result: {
      readonly pairing: {
        readonly pairing_id: string;
        readonly channel: string;
        readonly account: string;
        readonly sender_id: string;
        readonly name?: string;
        readonly status: "pending" | "approved" | "denied" | "expired";
        readonly created_at: number;
        readonly expires_at: number;
      };
    };
  };
  /** Turns a code down, or takes back what was approved (by pairing_id). */
  readonly "pairing.deny": {
    readonly params: { readonly code?: string; readonly pairing_id?: string; readonly channel?: string; readonly account?: string };
    readonly result: {
      readonly pairing: {
        readonly pairing_id: string;
        readonly channel: string;
        readonly account: string;
        readonly sender_id: string;
        readonly name?: string;
        readonly status: "pending" | "approved" | "denied" | "expired";
        readonly created_at: number;
        readonly expires_at: number;
      };
    };
  };
  /** Who has asked to be let in, and who was; codes are not shown. */
  readonly "pairing.list": {
    readonly params: Record<string, never>;
    readonly result: {
      readonly pairings: readonly {
        readonly pairing_id: string;
        readonly channel: string;
        readonly account: string;
        readonly sender_id: string;
        readonly name?: string;
        readonly status: "pending" | "approved" | "denied" | "expired";
        readonly created_at: number;
        readonly expires_at: number;
      }[];
    };
  };
  /** Answers at once with the gateway's wall time in milliseconds. */
  readonly ping: {
    readonly params: Record<string, never>;
    readonly result: { readonly at: number };
  };
  /** This interface as an OpenRPC document. */
  readonly "rpc.discover": {
    readonly params: Record<string, never>;
    readonly result: Readonly<Record<string, unknown>>;
  };
  /** Names of the stored secrets and where each is kept; never their values. */
  readonly "secrets.list": {
    readonly params: Record<string, never>;
    readonly result: { readonly secrets: readonly { readonly name: string; readonly place?: "keychain" | "file" }[] };
  };
  /** Removes a stored secret. */
  readonly "secrets.remove": {
    readonly params: { readonly name: string };
    readonly result: { readonly removed: boolean };
  };
  /** Stores a secret, to be used in the configuration as secret:NAME; a configuration that names it already takes the new value with config.reload. */
  readonly "secrets.set": {
    readonly params: { readonly name: string; readonly value: string };
    readonly result: { readonly name: string; readonly place?: "keychain" | "file" };
  };
  /** Puts a message to a person or place on a channel into the outbox. */
  readonly send: {
    readonly params: { readonly channel: string; readonly account?: string; readonly to: string; readonly thread?: string; readonly message: string };
    readonly result: { readonly delivery_id: string };
  };
  /** Puts a session away: it is not listed any more. Nothing is lost; its next message takes it out again. */
  readonly "sessions.archive": {
    readonly params: { readonly session: string };
    readonly result: {
      readonly session: string;
      readonly session_id: string;
      readonly agent: string;
      readonly label?: string;
      readonly model?: string;
      readonly thinking?: string;
      readonly last_entry: number;
      readonly created_at: number;
      readonly updated_at: number;
      readonly ended_at?: number;
      readonly archived_at?: number;
    };
  };
  /** A new session that begins as a copy of another one up to an entry; an entry within a step of tool calls means the one before that step. */
  readonly "sessions.branch": {
    readonly params: { readonly session: string; readonly entry?: number; readonly label?: string };
    readonly result: {
      readonly session: string;
      readonly session_id: string;
      readonly agent: string;
      readonly label?: string;
      readonly model?: string;
      readonly thinking?: string;
      readonly last_entry: number;
      readonly created_at: number;
      readonly updated_at: number;
      readonly ended_at?: number;
      readonly archived_at?: number;
    };
  };
  /** Puts a summary in the place of the older part of a conversation in prompts; the transcript stays whole. Waits until it is done. */
  readonly "sessions.compact": {
    readonly params: { readonly session: string };
    readonly result: {
      readonly outcome: "summarised" | "trimmed" | "nothing" | "busy";
      readonly entries: number;
      readonly tokens_before: number;
      readonly tokens_after: number;
    };
  };
  /** The current session of a key, made if there is none; without a key, a new conversation of its own. */
  readonly "sessions.create": {
    readonly params: {
      readonly session?: string;
      readonly agent?: string;
      readonly label?: string;
      readonly model?: string;
      readonly thinking?: "off" | "low" | "medium" | "high";
    };
    readonly result: {
      readonly session: string;
      readonly session_id: string;
      readonly agent: string;
      readonly label?: string;
      readonly model?: string;
      readonly thinking?: string;
      readonly last_entry: number;
      readonly created_at: number;
      readonly updated_at: number;
      readonly ended_at?: number;
      readonly archived_at?: number;
      readonly created: boolean;
    };
  };
  /** Removes everything of one session; refused while it is at work. */
  readonly "sessions.delete": {
    readonly params: { readonly session: string };
    readonly result: { readonly deleted: boolean };
  };
  /** Everything that is kept of one person, log lines included, page by page: begin without `after`, go on with the one that was answered. Its files are those of GET /api/media/ID. */
  readonly "sessions.export_user": {
    readonly params: { readonly person?: string; readonly channel?: string; readonly account?: string; readonly sender?: string; readonly after?: string };
    readonly result: { readonly person: string; readonly records: readonly Readonly<Record<string, unknown>>[]; readonly after?: string };
  };
  /** One session. */
  readonly "sessions.get": {
    readonly params: { readonly session: string };
    readonly result: {
      readonly session: string;
      readonly session_id: string;
      readonly agent: string;
      readonly label?: string;
      readonly model?: string;
      readonly thinking?: string;
      readonly last_entry: number;
      readonly created_at: number;
      readonly updated_at: number;
      readonly ended_at?: number;
      readonly archived_at?: number;
    };
  };
  /** The same as chat.history. */
  readonly "sessions.history": {
    readonly params: { readonly session?: string; readonly after?: number; readonly before?: number; readonly limit?: number };
    readonly result: {
      readonly session: string;
      readonly session_id: string;
      readonly last_entry: number;
      readonly entries: readonly {
        readonly number: number;
        readonly role: "user" | "assistant" | "tool" | "system";
        readonly text: string;
        readonly at: number;
        readonly turn_id?: string;
        readonly message_id?: string;
        readonly channel?: string;
        readonly sender?: string;
        readonly media?: readonly {
          readonly kind: string;
          readonly media_id?: string;
          readonly name?: string;
          readonly type?: string;
          readonly size?: number;
        }[];
        readonly model?: string;
        readonly stop?: string;
        readonly thinking?: string;
        readonly calls?: readonly { readonly call_id: string; readonly name: string; readonly args: unknown }[];
        readonly call_id?: string;
        readonly name?: string;
        readonly error?: boolean;
      }[];
    };
  };
  /** Sessions, the newest activity first; archived ones only when asked for. The next page is what stands before the updated_at and the id of the last one. */
  readonly "sessions.list": {
    readonly params: {
      readonly agent?: string;
      readonly ended?: boolean;
      readonly archived?: boolean;
      readonly before?: number;
      readonly before_id?: string;
      readonly limit?: number;
    };
    readonly result: {
      readonly sessions: readonly {
        readonly session: string;
        readonly session_id: string;
        readonly agent: string;
        readonly label?: string;
        readonly model?: string;
        readonly thinking?: string;
        readonly last_entry: number;
        readonly created_at: number;
        readonly updated_at: number;
        readonly ended_at?: number;
        readonly archived_at?: number;
      }[];
    };
  };
  /** Changes a session's settings; null clears one. */
  readonly "sessions.patch": {
    readonly params: {
      readonly session: string;
      readonly label?: string | null;
      readonly model?: string | null;
      readonly thinking?: "off" | "low" | "medium" | "high" | null;
    };
    readonly result: {
      readonly session: string;
      readonly session_id: string;
      readonly agent: string;
      readonly label?: string;
      readonly model?: string;
      readonly thinking?: string;
      readonly last_entry: number;
      readonly created_at: number;
      readonly updated_at: number;
      readonly ended_at?: number;
      readonly archived_at?: number;
    };
  };
  /** What a session is about at a glance: how it began, and its last messages, clipped. */
  readonly "sessions.preview": {
    readonly params: { readonly session: string; readonly limit?: number };
    readonly result: {
      readonly session: string;
      readonly session_id: string;
      readonly agent: string;
      readonly label?: string;
      readonly model?: string;
      readonly thinking?: string;
      readonly last_entry: number;
      readonly created_at: number;
      readonly updated_at: number;
      readonly ended_at?: number;
      readonly archived_at?: number;
      readonly first?: { readonly number: number; readonly role: "user" | "assistant" | "tool" | "system"; readonly text: string; readonly at: number };
      readonly last: readonly {
        readonly number: number;
        readonly role: "user" | "assistant" | "tool" | "system";
        readonly text: string;
        readonly at: number;
      }[];
    };
  };
  /** Forgets a person: conversations that were theirs alone go, their words in others too, with memories, jobs, files, workspaces and log lines. Backups still hold them. */
  readonly "sessions.purge_user": {
    readonly params: { readonly person?: string; readonly channel?: string; readonly account?: string; readonly sender?: string };
    readonly result: {
      readonly person: string;
      readonly sessions: number;
      readonly changed_sessions: number;
      readonly memories: number;
      readonly jobs: number;
      readonly files: number;
      readonly log_lines: number;
      readonly backups: readonly string[];
    };
  };
  /** Ends the current session of a key and starts its successor with the same settings; a running turn is stopped. */
  readonly "sessions.reset": {
    readonly params: { readonly session: string };
    readonly result: {
      readonly session: string;
      readonly session_id: string;
      readonly agent: string;
      readonly label?: string;
      readonly model?: string;
      readonly thinking?: string;
      readonly last_entry: number;
      readonly created_at: number;
      readonly updated_at: number;
      readonly ended_at?: number;
      readonly archived_at?: number;
      readonly ended_session_id?: string;
    };
  };
  /** Takes an archived session out again. */
  readonly "sessions.restore": {
    readonly params: { readonly session: string };
    readonly result: {
      readonly session: string;
      readonly session_id: string;
      readonly agent: string;
      readonly label?: string;
      readonly model?: string;
      readonly thinking?: string;
      readonly last_entry: number;
      readonly created_at: number;
      readonly updated_at: number;
      readonly ended_at?: number;
      readonly archived_at?: number;
    };
  };
  /** Messages that have all the words or words that begin so, in every session or one, the newest first; `before` pages. */
  readonly "sessions.search": {
    readonly params: { readonly query: string; readonly agent?: string; readonly session?: string; readonly before?: number; readonly limit?: number };
    readonly result: {
      readonly messages: readonly {
        readonly session: string;
        readonly session_id: string;
        readonly label?: string;
        readonly archived?: boolean;
        readonly number: number;
        readonly role: "user" | "assistant" | "tool" | "system";
        readonly text: string;
        readonly at: number;
        readonly sender?: string;
      }[];
      readonly before?: number;
    };
  };
  /** Version, readiness, and what is waiting and open. */
  readonly status: {
    readonly params: Record<string, never>;
    readonly result: {
      readonly version: string;
      readonly boot: number;
      readonly seq: number;
      readonly uptime_ms: number;
      readonly ready: boolean;
      readonly reasons: readonly string[];
      readonly connections: number;
      readonly sessions: number;
      readonly turns: Readonly<Record<string, number>>;
      readonly deliveries: { readonly open: number; readonly unknown: number; readonly failed: number };
      readonly channels: readonly {
        readonly channel: string;
        readonly account: string;
        readonly state: string;
        readonly detail?: string;
        readonly code?: string;
      }[];
    };
  };
  /** Events from now on, and those after `since` first; replaces the connection's earlier subscription. */
  readonly subscribe: {
    readonly params: {
      readonly events?: readonly (
        | "message.accepted"
        | "message.changed"
        | "turn.queued"
        | "turn.started"
        | "turn.delta"
        | "turn.step"
        | "turn.tool"
        | "turn.moved"
        | "turn.ended"
        | "delivery.changed"
        | "session.changed"
        | "channel.changed"
        | "approval.asked"
        | "approval.resolved"
        | "config.changed"
        | "device.changed"
        | "pairing.changed"
        | "job.ran"
        | "notice"
        | "shutdown"
      )[];
      readonly sessions?: readonly string[];
      readonly since?: number;
    };
    readonly result: {
      readonly seq: number;
      readonly turns: readonly {
        readonly turn_id: string;
        readonly session: string;
        readonly text: string;
        readonly tools: readonly { readonly call_id: string; readonly name: string; readonly state: string }[];
      }[];
      readonly reset?: boolean;
    };
  };
  /** Copies everything of this home into a new folder below `into` (default: backups in the data folder), while the gateway works; the copy is read back. */
  readonly "system.backup": {
    readonly params: { readonly into?: string; readonly workspaces?: boolean };
    readonly result: {
      readonly backup: {
        readonly folder: string;
        readonly created_at: number;
        readonly version: string;
        readonly by: "person" | "schedule";
        readonly bytes: number;
        readonly files: number;
        readonly database: boolean;
        readonly workspaces: boolean;
      };
    };
  };
  /** The backups in the data folder, newest first. */
  readonly "system.backups": {
    readonly params: Record<string, never>;
    readonly result: {
      readonly backups: readonly {
        readonly folder: string;
        readonly created_at: number;
        readonly version: string;
        readonly by: "person" | "schedule";
        readonly bytes: number;
        readonly files: number;
        readonly database: boolean;
        readonly workspaces: boolean;
      }[];
    };
  };
  /** The program and the machine it runs on: versions, memory in bytes, and where its files are. */
  readonly "system.info": {
    readonly params: Record<string, never>;
    readonly result: {
      readonly version: string;
      readonly gateway: string;
      readonly boot: number;
      readonly node: string;
      readonly platform: string;
      readonly arch: string;
      readonly pid: number;
      readonly uptime_ms: number;
      readonly rss_bytes: number;
      readonly heap_bytes: number;
      readonly config_file: string;
      readonly data_folder: string;
    };
  };
  /** Stops the gateway as SIGTERM does: what can be answered is, the rest goes on at the next start. */
  readonly "system.stop": {
    readonly params: Record<string, never>;
    readonly result: { readonly stopping: boolean };
  };
  /** Runs a tool as a turn of the caller would, or says why not; what needs the owner's yes has to be asked for in a conversation. */
  readonly "tools.call": {
    readonly params: { readonly name: string; readonly args?: Readonly<Record<string, unknown>>; readonly session?: string };
    readonly result: { readonly text: string; readonly error: boolean; readonly label: { readonly integrity: string; readonly confidentiality: string } };
  };
  /** The tools that the caller is offered, with what they can do; in a session those that its content leaves. */
  readonly "tools.list": {
    readonly params: { readonly session?: string };
    readonly result: {
      readonly tools: readonly {
        readonly name: string;
        readonly description: string;
        readonly parameters: Readonly<Record<string, unknown>>;
        readonly effects: readonly ("read" | "write" | "exec" | "egress" | "message" | "schedule" | "memory" | "config")[];
      }[];
    };
  };
  /** No more events on this connection. */
  readonly unsubscribe: {
    readonly params: Record<string, never>;
    readonly result: { readonly unsubscribed: boolean };
  };
  /** Tokens and money by model, day, session or turn, the newest first; a model without a price has tokens and no `usd`. */
  readonly "usage.cost": {
    readonly params: {
      readonly by?: "model" | "day" | "session" | "turn";
      readonly days?: number;
      readonly from?: number;
      readonly to?: number;
      readonly session?: string;
      readonly limit?: number;
    };
    readonly result: {
      readonly from: number;
      readonly rows: readonly {
        readonly key: string;
        readonly model: string;
        readonly turns: number;
        readonly usage: { readonly input: number; readonly output: number; readonly cacheRead: number; readonly cacheWrite: number };
        readonly tokens: number;
        readonly usd?: number;
      }[];
      readonly more: boolean;
      readonly total: {
        readonly turns: number;
        readonly usage: { readonly input: number; readonly output: number; readonly cacheRead: number; readonly cacheWrite: number };
        readonly tokens: number;
        readonly usd: number;
        readonly unpriced: readonly string[];
      };
      readonly prices_as_of: string;
    };
  };
  /** What was spent since local midnight, the budgets, and turns and tokens by model since a wall time in milliseconds. */
  readonly "usage.status": {
    readonly params: { readonly since?: number; readonly session?: string };
    readonly result: {
      readonly since: number;
      readonly models: readonly {
        readonly model: string;
        readonly turns: number;
        readonly usage: { readonly input: number; readonly output: number; readonly cacheRead: number; readonly cacheWrite: number };
      }[];
      readonly today: {
        readonly turns: number;
        readonly usage: { readonly input: number; readonly output: number; readonly cacheRead: number; readonly cacheWrite: number };
        readonly tokens: number;
        readonly usd: number;
        readonly unpriced: readonly string[];
      };
      readonly session?: {
        readonly turns: number;
        readonly usage: { readonly input: number; readonly output: number; readonly cacheRead: number; readonly cacheWrite: number };
        readonly tokens: number;
        readonly usd: number;
        readonly unpriced: readonly string[];
      };
      readonly budgets: { readonly day_tokens: number; readonly day_usd: number; readonly session_tokens: number; readonly session_usd: number };
      readonly time_zone: string;
      readonly prices_as_of: string;
    };
  };
}

/** Slash commands: their list, and the answer that Discord wants within three seconds of a command or press. It is given after the commit, never before. */
import { chatCommands } from "../../core/command.ts";
import type { Outcome } from "../../core/intake.ts";
import { Secret } from "../../core/secret.ts";
import { capital } from "../../lib/plain-text/index.ts";
import type { DiscordAccount } from "./account.ts";
import { USER_AGENT } from "./api.ts";
import type { WireInteraction } from "./wire.ts";

/** Application Command Option Types: 3 is a text. */
const TEXT = 3;
/** Bits that nobody in a server has but its administrators: the owner's commands are shown to them alone. Discord has no such thing for direct messages. */
const ADMINISTRATORS = "0";

const COMMANDS = [
  {
    name: "ask",
    description: "Ask the assistant",
    options: [{ type: TEXT, name: "text", description: "What you want to say", required: true, max_length: 4_000 }],
  },
  ...chatCommands.map(({ name, what, words, owner }) => ({
    name,
    description: capital(what),
    ...(words !== undefined && { options: [{ type: TEXT, name: "text", description: words, required: !words.startsWith("["), max_length: 200 }] }),
    ...(owner === true && { default_member_permissions: ADMINISTRATORS }),
  })),
];

/** Interaction Callback Types. */
const SHOW_MESSAGE = 4;
const NOTHING_NEW = 6;
const CHANGE_MESSAGE = 7;
const EPHEMERAL = 64;
const PRESSED = 3;

/** Replaces the whole list of global commands; the same list again changes nothing. */
export async function announceCommands({ api, deps, me }: DiscordAccount, signal: AbortSignal): Promise<void> {
  try {
    await api.call("PUT", `/applications/${me!.id}/commands`, { body: COMMANDS, signal });
  } catch (error) {
    if (!signal.aborted) deps.log.debug("discord command list not set", { error });
  }
}

/**
 * A button that meant something goes with its siblings: they have been answered. The reply itself is a delivery like any other; here only the person who
 * wrote a command sees that it came.
 */
export async function answerInteraction({ config, deps }: DiscordAccount, interaction: WireInteraction, outcome: Outcome, signal: AbortSignal): Promise<void> {
  const body = interaction.type === PRESSED ? pressed(outcome) : shown(outcome);
  // The token lets whoever has it write in our name for a quarter of an hour: it goes the way of a credential.
  const credential = { in: "path", secret: new Secret("discord interaction", interaction.token) } as const;
  try {
    const response = await deps.http.request(
      { baseUrl: config.api_root, credential },
      {
        method: "POST",
        path: `/interactions/${encodeURIComponent(interaction.id)}/{secret}/callback`,
        headers: { "content-type": "application/json", "user-agent": USER_AGENT },
        body: JSON.stringify(body),
        signal,
      },
    );
    await response.text(64_000);
    if (response.status >= 300) deps.log.debug("discord interaction not answered", { status: response.status });
  } catch (error) {
    if (!signal.aborted) deps.log.debug("discord interaction not answered", { error });
  }
}

function pressed(outcome: Outcome) {
  return outcome.kind === "command" ? { type: CHANGE_MESSAGE, data: { components: [] } } : { type: NOTHING_NEW };
}

function shown(outcome: Outcome) {
  const content = outcome.kind === "command" ? "Done." : "I am on it.";
  return { type: SHOW_MESSAGE, data: { content, flags: EPHEMERAL, allowed_mentions: { parse: [] } } };
}

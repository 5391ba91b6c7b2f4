/**
 * The command tree. Only what is built stands here; each action loads its module when it runs, so that `clanker --help` loads commander and this file alone.
 */
import { Command, InvalidArgumentError, Option } from "commander";
import { processEnv } from "../config/env.ts";
import type { CliContext, GlobalOptions } from "./context.ts";
import type { Output } from "./output.ts";
import { VERSION } from "../core/version.ts";

type Action<O> = (context: CliContext, input: { args: string[]; options: O }) => Promise<void>;

/** @param output where help and results go. */
export function createProgram(output: Output): Command {
  const program = new Command("clanker");
  program
    .description("Open Clanker: your assistant in the messengers you use, with the models you choose.")
    .option("--config <file>", "config file (default: config.toml in the config folder)")
    .option("--home <folder>", "home folder for config and data")
    .option("--json", "print one JSON document on stdout")
    .option("--verbose", "say more about what goes on")
    .option("--debug", "as --verbose, and show stacks of errors")
    .option("--no-color", "print without colours")
    .exitOverride()
    .configureOutput({ writeOut: output.help, writeErr: () => {}, outputError: () => {}, getOutHasColors: () => output.color })
    .configureHelp({ styleTitle: (title) => output.paint("bold", title) })
    .showSuggestionAfterError(true)
    .helpCommand("help [command]", "help for a command");

  const tree = createTree(program, output);
  addGateway(tree);
  addTalk(tree);
  addConfig(tree);
  addThings(tree);
  addCron(tree);
  addDecisions(tree);
  addCare(tree);
  return program;
}

interface Tree {
  readonly program: Command;
  /** A command with its action; `load` imports the module when it runs. */
  add<O>(parent: Command, usage: string, description: string, load: () => Promise<Action<O>>): Command;
  group(name: string, description: string): Command;
}

function createTree(program: Command, output: Output): Tree {
  return {
    program,
    add(parent, usage, description, load) {
      const command = parent.command(usage).description(description);
      return command.action(async (...parameters: unknown[]) => {
        const args = parameters.slice(0, -2).filter((argument) => argument !== undefined) as string[];
        const options = command.optsWithGlobals();
        const action = await load();
        await action({ output, options: options as GlobalOptions, env: processEnv() }, { args, options: options as never });
      });
    },
    group: (name, description) => program.command(name).description(description),
  };
}

const KEY = "<key>";

function addGateway({ program, add, group }: Tree): void {
  const gateway = group("gateway", "run, stop and look at the gateway");
  const run = async () => (await import("./command/gateway.ts")).runInForeground;
  add(gateway, "run", "run the gateway in the foreground", run);
  add(gateway, "stop", "stop the running gateway", async () => (await import("./command/gateway.ts")).stop);
  add(gateway, "status", "whether a gateway runs and is ready", async () => (await import("./command/gateway.ts")).status).option(
    "--deep",
    "also channels, queues and usage",
  );
  add(gateway, "token", "print the token that clients have to show", async () => (await import("./command/gateway.ts")).token);
  add(program, "start", "run the gateway in the foreground (same as gateway run)", run);
  add(program, "status", "gateway, channels and models at a glance", async () => (await import("./command/gateway.ts")).statusAtAGlance);
}

function addTalk({ program, add, group }: Tree): void {
  add(program, "chat", "talk to the assistant in this terminal", async () => (await import("./command/chat.ts")).chat).option(
    "--session <key>",
    "session key (default: agent:main:main)",
  );
  add(program, "send", "send a message to somebody through a channel", async () => (await import("./command/send.ts")).send)
    .requiredOption("--channel <channel>", "channel, or channel:account")
    .requiredOption("--to <id>", "conversation id on the platform")
    .requiredOption("--message <text>", "what to send");
  const agent = group("agent", "ask the agent directly");
  add(agent, "run", "send one message, wait, print the answer", async () => (await import("./command/agent.ts")).run)
    .requiredOption("--message <text>", "what to say")
    .option("--session <key>", "session key (default: agent:main:main)")
    .addOption(new Option("--thinking <level>", "how much the model thinks first").choices(["off", "low", "medium", "high"]));
  add(agent, "status", "what the agent is doing", async () => (await import("./command/agent.ts")).status);
  add(agent, "stop", "stop what it is doing: in one session, or everywhere", async () => (await import("./command/agent.ts")).stop).option(
    "--session <key>",
    "only in this session",
  );
}

function addConfig({ program, add, group }: Tree): void {
  const config = group("config", "look at and change the configuration");
  const generate = async () => (await import("./command/config-file.ts")).generate;
  const validate = async () => (await import("./command/config-file.ts")).validate;
  for (const [parent, name] of [
    [config, "generate"],
    [program, "config-generate"],
  ] as const) {
    add(parent, name, "print a commented configuration with every option, or write it", generate)
      .option("--output <file>", "write it to this file")
      .option("--force", "overwrite the file");
  }
  for (const [parent, name] of [
    [config, "validate"],
    [program, "config-validate"],
  ] as const)
    add(parent, name, "check the configuration", validate);
  add(config, "show", "print the effective configuration, secrets masked", async () => (await import("./command/config-file.ts")).show);
  add(config, `get ${KEY}`, "print one value and where it comes from", async () => (await import("./command/config-file.ts")).get);
  add(config, `set ${KEY} <value>`, "change a value (JSON, else text); KEY+ adds to a list", async () => (await import("./command/config-file.ts")).set);
  add(config, `unset ${KEY}`, "take a value out, back to its default", async () => (await import("./command/config-file.ts")).unset);
  add(config, "edit", "open the file in $VISUAL or $EDITOR, check it, then put it in place", async () => (await import("./command/config-file.ts")).edit);
  add(config, "path", "print where the configuration file is", async () => (await import("./command/config-file.ts")).path);
  add(config, "schema", "print the JSON Schema of the configuration", async () => (await import("./command/config-file.ts")).schema);
}

function addThings({ program, add, group }: Tree): void {
  const channels = group("channels", "messengers the assistant is on");
  add(channels, "list", "channels and their accounts", async () => (await import("./command/channels.ts")).list);
  add(channels, "status [name]", "state of the channels", async () => (await import("./command/channels.ts")).status).option(
    "--all",
    "also those that are stopped",
  );
  add(channels, "connect <name>", "connect a channel, or channel:account", async () => (await import("./command/channels.ts")).connect);
  add(channels, "disconnect <name>", "disconnect a channel, or channel:account", async () => (await import("./command/channels.ts")).disconnect);
  add(channels, "login <name>", "link a channel, or channel:account, from a phone", async () => (await import("./command/channel-login.ts")).login).option(
    "--phone <number>",
    "link by a code that is typed on this phone: its number with country code",
  );
  add(channels, "logout <name>", "unlink a channel that was linked from a phone", async () => (await import("./command/channel-login.ts")).logout);

  const sessions = group("sessions", "conversations");
  add(sessions, "list", "sessions, newest activity first", async () => (await import("./command/sessions.ts")).list)
    .option("--limit <number>", "how many", wholeNumber, 50)
    .option("--archived", "those that are archived");
  add(sessions, "search <words...>", "messages that have all these words", async () => (await import("./command/sessions.ts")).search)
    .option("--session <key>", "only in this session")
    .option("--agent <name>", "only sessions of this agent")
    .option("--limit <number>", "how many", wholeNumber, 20);
  add(sessions, `archive ${KEY}`, "put a session away; its next message brings it back", async () => (await import("./command/sessions.ts")).archive);
  add(sessions, `restore ${KEY}`, "list an archived session again", async () => (await import("./command/sessions.ts")).restore);
  add(sessions, `branch ${KEY}`, "a new session that begins as a copy of this one", async () => (await import("./command/sessions.ts")).branch)
    .option("--entry <number>", "up to this entry (default: all of it)", wholeNumber)
    .option("--label <text>", "what it is called");
  add(sessions, `export ${KEY}`, "the whole transcript", async () => (await import("./command/session-export.ts")).exportSession)
    .addOption(new Option("--format <format>", "how it is written").choices(["markdown", "jsonl"]).default("markdown"))
    .option("--output <file>", "write it to this file");
  add(sessions, `show ${KEY}`, "what was said in a session", async () => (await import("./command/sessions.ts")).show).option(
    "--limit <number>",
    "how many of the newest entries",
    wholeNumber,
    50,
  );
  add(sessions, `reset ${KEY}`, "begin a new session under the same key", async () => (await import("./command/sessions.ts")).reset);
  add(sessions, `compact ${KEY}`, "put a summary in the place of its older part", async () => (await import("./command/sessions.ts")).compact);
  add(sessions, `delete ${KEY}`, "delete a session and everything in it", async () => (await import("./command/sessions.ts")).remove).option(
    "--yes",
    "do not ask",
  );

  add(
    sessions,
    "export-user <who>",
    "everything that is kept of a person, for example telegram:12345",
    async () => (await import("./command/people.ts")).exportUser,
  ).option("--to <file>", "write it to this file, one JSON record in a line");
  add(sessions, "purge-user <who>", "forget a person", async () => (await import("./command/people.ts")).purgeUser).option("--yes", "do not ask");

  add(program, "usage", "tokens and money that were used", async () => (await import("./command/usage.ts")).usage)
    .addOption(new Option("--by <what>", "what to sum by").choices(["model", "day", "session", "turn"]).default("model"))
    .option("--days <number>", "days to look back, today included", wholeNumber, 30)
    .option("--session <key>", "of this session alone");

  const DEVICE = "<device>";
  const devices = group("devices", "paired clients with a key of their own");
  add(devices, "list", "devices that are paired or ask to be", async () => (await import("./command/devices.ts")).list);
  add(devices, `approve ${DEVICE}`, "let a device in that asks", async () => (await import("./command/devices.ts")).approve).option(
    "--scopes <list>",
    "give these scopes instead of what it asked for: read, write, approvals, pairing, admin",
    (text) => text.split(",").map((scope) => scope.trim()),
  );
  add(devices, `reject ${DEVICE}`, "refuse what a device asks for", async () => (await import("./command/devices.ts")).reject);
  add(devices, `revoke ${DEVICE}`, "take everything from a device", async () => (await import("./command/devices.ts")).revoke);
  add(devices, `rotate ${DEVICE}`, "void the token of a device", async () => (await import("./command/devices.ts")).rotate);

  const models = group("models", "language models");
  add(models, "list", "models that the configured providers offer", async () => (await import("./command/models.ts")).list);
  add(models, "test [model]", "send a tiny prompt to a model (default: the agent's)", async () => (await import("./command/models.ts")).test);

  const secrets = group("secrets", "the secret store");
  add(secrets, "set <name>", "store a secret; its value is read from stdin or asked for", async () => (await import("./command/secrets.ts")).set);
  add(secrets, "list", "names of the stored secrets", async () => (await import("./command/secrets.ts")).list);
  add(secrets, "remove <name>", "remove a secret", async () => (await import("./command/secrets.ts")).remove);
}

/** Scheduled work. */
function addCron({ add, group }: Tree): void {
  const JOB = "<job>";
  const cron = group("cron", "reminders and scheduled work");
  add(cron, "list", "jobs, the next due first", async () => (await import("./command/cron.ts")).list);
  describeJob(add(cron, "add", "a new job: --at, --every or --cron, with --message or --reminder", async () => (await import("./command/cron.ts")).add));
  describeJob(add(cron, `edit ${JOB}`, "change a job; what you leave out stays", async () => (await import("./command/cron.ts")).edit))
    .addOption(new Option("--enable", "switch it on").conflicts("disable"))
    .option("--disable", "switch it off");
  add(cron, `remove ${JOB}`, "remove a job", async () => (await import("./command/cron.ts")).remove);
  add(cron, `run ${JOB}`, "run a job now, beside its schedule", async () => (await import("./command/cron.ts")).run);
  add(cron, "runs [job]", "what has run, newest first", async () => (await import("./command/cron.ts")).runs).option(
    "--limit <number>",
    "how many",
    wholeNumber,
    50,
  );
}

function describeJob(command: Command): Command {
  return command
    .option("--at <time>", "once: 2026-12-24T18:00, or from now: 20m")
    .option("--every <time>", "again and again: 30m, 12h, 1d")
    .option("--cron <pattern>", 'by the clock: "0 9 * * 1-5"')
    .option("--tz <zone>", "time zone of --at and --cron, for example Europe/Berlin (default: this gateway's)")
    .option("--message <text>", "ask the agent this")
    .option("--reminder <text>", "deliver this as it stands, without a model")
    .option("--name <name>", "name (default: the first words)")
    .option("--agent <name>", "agent (default: main)")
    .option("--session <session>", "own (default), fresh, or a session key")
    .option("--deliver <where>", "quiet, owner (default), or an address such as telegram:default:12345")
    .option("--model <model>", "model of its turns, as provider:model")
    .addOption(new Option("--thinking <level>", "how much the model thinks first").choices(["off", "low", "medium", "high"]))
    .option("--max-tokens <number>", "most tokens of one run", wholeNumber)
    .addOption(new Option("--catch-up <policy>", "what becomes of missed times (default: once)").choices(["skip", "once", "all"]))
    .option("--catch-up-limit <number>", "most missed times that --catch-up all runs (default: 10)", wholeNumber)
    .option("--max-delay <time>", "do not run what is later than this")
    .option("--stagger <time>", "begin up to this much later, always the same for one job")
    .option("--keep", "keep it after its last run");
}

/** What the owner decides, and the record of it. */
function addDecisions({ add, group }: Tree): void {
  const approvals = group("approvals", "what the assistant asks you for");
  add(approvals, "list", "open questions with their exact plans", async () => (await import("./command/approvals.ts")).list).option(
    "--all",
    "also those that are settled",
  );
  add(approvals, "approve <code>", "let it do exactly this", async () => (await import("./command/approvals.ts")).approve)
    .option("--session", "and exactly this again in the same conversation")
    .option("--always", "and exactly this always");
  add(approvals, "deny <code>", "do not let it", async () => (await import("./command/approvals.ts")).deny);

  const pairing = group("pairing", "people who ask to be let in");
  add(pairing, "list", "who has asked, and who was let in", async () => (await import("./command/pairing.ts")).list);
  add(pairing, "approve <code>", "let somebody in by the code they were given", async () => (await import("./command/pairing.ts")).approve).option(
    "--channel <channel>",
    "only if the code was given there (channel, or channel:account)",
  );
  add(pairing, "deny <code-or-id>", "turn a code down, or take back what was approved", async () => (await import("./command/pairing.ts")).deny);

  const audit = group("audit", "the record of what was done and decided");
  add(audit, "list", "the newest records", async () => (await import("./command/audit.ts")).list).option("--limit <number>", "how many", wholeNumber, 50);
  add(audit, "verify", "check that nothing was changed or taken out", async () => (await import("./command/audit.ts")).verify);
}

function addCare({ program, add }: Tree): void {
  add(program, "logs", "the gateway's newest log lines", async () => (await import("./command/logs.ts")).logs)
    .option("-f, --follow", "go on printing new ones")
    .option("-n, --lines <number>", "how many", wholeNumber, 100)
    .addOption(new Option("--level <level>", "this level and worse").choices(["debug", "info", "warn", "error"]));
  add(program, "doctor", "check the installation and say what to do", async () => (await import("./command/doctor.ts")).doctor).option(
    "--fix",
    "mend what is surely ours: modes of files, what a process that died has left",
  );
  add(program, "backup", "copy everything of this home, also while the gateway works", async () => (await import("./command/backup.ts")).backup)
    .option("--to <folder>", "make it below this folder (default: backups in the data folder)")
    .option("--no-workspaces", "leave out the files of the assistants' workspaces")
    .option("--list", "the backups there are")
    .option("--verify <folder>", "read a whole backup and say whether it can be trusted");
  add(
    program,
    "restore <folder>",
    "put this home back as a backup has it; the gateway must be stopped",
    async () => (await import("./command/backup.ts")).restore,
  )
    .option("--database-only", "leave config, keys and files as they are")
    .option("--yes", "do not ask");
  add(program, "reset", "begin anew; everything that is kept is moved aside", async () => (await import("./command/backup.ts")).reset).option(
    "--yes",
    "do not ask",
  );
  add(program, "setup", "guided first run", async () => (await import("./command/setup.ts")).setup)
    .aliases(["wizard", "onboard"])
    .option("--provider <name>", "provider to use (anthropic, openai, openrouter, ollama, offline ...)")
    .option("--api-key-stdin", "read the provider's API key from stdin")
    .option("--api-key-env <name>", "read the provider's API key from this environment variable")
    .option("--base-url <url>", "the provider's address, if not its usual one")
    .option("--model <model>", "model of that provider")
    .option("--telegram-token-env <name>", "read the Telegram bot token from this environment variable")
    .option("--telegram-api-root <url>", "Telegram's address, if not its usual one")
    .option("--owner-id <id>", "your numeric Telegram id")
    .option("--yes", "ask nothing, take the defaults");
  add(program, "version", "versions of the program and its runtime", async () => (await import("./command/version.ts")).version);
  add(program, "completion <shell>", "completion script for bash, zsh or fish", async () => {
    const { completion } = await import("./command/completion.ts");
    return (context, input) => completion(program, context, input);
  });
  program.version(VERSION, "--version", "print the version");
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1) throw new InvalidArgumentError("a whole number above 0 is needed");
  return number;
}

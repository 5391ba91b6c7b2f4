import type { CliContext } from "../context.ts";
import { placesOf, readRunning } from "../gateway-link.ts";
import type { SetupAnswers, SetupFlags } from "../setup/answers.ts";
import { writeSetup } from "../setup/write-setup.ts";

/** `clanker setup`: questions at a terminal; from flags alone with `--yes` or where nobody can answer. */
export async function setup(context: CliContext, { options }: { options: SetupFlags }): Promise<void> {
  const { output } = context;
  const asks = options.yes !== true && !output.json && process.stdin.isTTY === true && process.stdout.isTTY === true;
  const answers = asks ? await ask(context, options) : await (await import("../setup/from-flags.ts")).answersFromFlags(context, options);
  const file = await writeSetup(context, answers);
  const next = await nextSteps(context, answers);
  const { provider, model, telegram } = answers;
  const channel = telegram === undefined ? {} : { telegram: { bot: telegram.bot, owner_id: telegram.ownerId ?? null } };
  output.result({
    json: { config: file, provider: provider.name, model, ...channel, next },
    text: [`Written to ${file}`, "", "Next:", ...next.map((step) => `  ${step}`)].join("\n"),
  });
}

async function ask(context: CliContext, flags: SetupFlags): Promise<SetupAnswers> {
  const { intro, outro } = await import("@clack/prompts");
  const { askAnswers } = await import("../setup/ask.ts");
  intro("Open Clanker");
  const answers = await askAnswers(context, flags);
  outro("That is all.");
  return answers;
}

async function nextSteps(context: CliContext, { telegram }: SetupAnswers): Promise<string[]> {
  const running = await readRunning(placesOf(context));
  const steps =
    running === undefined ? ["clanker start     run the gateway"] : ["clanker gateway stop, then clanker start     run the gateway with the new settings"];
  steps.push("clanker chat      talk to it in another terminal");
  if (telegram !== undefined) steps.push(`write to ${telegram.bot} on Telegram`);
  if (telegram !== undefined && telegram.ownerId === undefined)
    steps.push("clanker config set channels.telegram.owner_ids+ YOUR_ID     /whoami to the bot shows your id");
  steps.push("clanker doctor    if something does not work");
  return steps;
}

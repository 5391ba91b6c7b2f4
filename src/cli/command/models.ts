import { escapeControls } from "../../lib/plain-text/index.ts";
import type { CliContext } from "../context.ts";
import { withGatewayIfUp } from "../gateway-link.ts";
import { loadForCli } from "../load-for-cli.ts";
import { describeError } from "../output.ts";
import { table } from "../table.ts";
import { tryModel } from "../try-model.ts";
import { openProviders } from "../workbench.ts";

interface ModelLine {
  readonly id: string;
  readonly context_tokens: number;
  readonly images: boolean;
  readonly thinking: boolean;
}

interface Listing {
  readonly default: string;
  readonly models: readonly ModelLine[];
  readonly failed?: readonly { readonly provider: string; readonly error: ReturnType<typeof describeError> }[];
}

/** Until a provider has to answer, milliseconds. */
const LIST_MS = 15_000;
const TEST_MS = 60_000;

export async function list(context: CliContext): Promise<void> {
  const up = await withGatewayIfUp(context, (client) => client.call("models.list", {}));
  const listing: Listing = up?.value ?? (await listDirectly(context));
  const rows = listing.models.map((model) => [
    model.id + (model.id === listing.default ? " *" : ""),
    model.context_tokens === 0 ? "" : String(model.context_tokens),
    [model.images ? "images" : "", model.thinking ? "thinking" : ""].filter(Boolean).join(", "),
  ]);
  const text = table(context.output, ["MODEL", "CONTEXT", ""], rows, "no models");
  for (const { provider, error } of listing.failed ?? [])
    context.output.warn(`${provider}: ${error.message}${error.hint === undefined ? "" : ` (${error.hint})`}`);
  context.output.result({ json: listing, text, exitCode: listing.models.length === 0 ? 1 : 0 });
}

async function listDirectly(context: CliContext): Promise<Listing> {
  const { config } = await loadForCli(context);
  const failed: { provider: string; error: ReturnType<typeof describeError> }[] = [];
  const lists = await Promise.all(
    [...(await openProviders(config))].map(async ([provider, { models }]) => {
      try {
        return await models(AbortSignal.timeout(LIST_MS));
      } catch (error) {
        failed.push({ provider, error: describeError(error) });
        return [];
      }
    }),
  );
  const models = lists.flat().map(({ id, contextTokens, images, thinking }) => ({ id, context_tokens: contextTokens, images, thinking }));
  return { default: config.agents.model, models, ...(failed.length === 0 ? {} : { failed }) };
}

/** `clanker models test [provider:model]`: from this process, so that it also works while the gateway is down. */
export async function test(context: CliContext, { args: [model] }: { args: string[] }): Promise<void> {
  const { config } = await loadForCli(context);
  const trial = await tryModel(await openProviders(config), model ?? config.agents.model, AbortSignal.timeout(TEST_MS));
  const text = `${trial.model} answers: first text after ${trial.first_ms} ms, done after ${trial.total_ms} ms: ${escapeControls(trial.text.slice(0, 200))}`;
  context.output.result({ json: { ok: true, ...trial }, text });
}

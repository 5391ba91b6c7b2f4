import { RequestError } from "../../core/errors.ts";
import type { CliContext } from "../context.ts";
import { UsageError } from "../exit-code.ts";
import { placesOf, readRunning } from "../gateway-link.ts";
import { readSecret } from "../read-input.ts";
import { openSecrets } from "../workbench.ts";

const NAME = /^[A-Za-z0-9_-]{1,64}$/;

function checkName(name: string): string {
  if (!NAME.test(name)) throw new UsageError(`not a name for a secret: ${JSON.stringify(name.slice(0, 80))}`, "1 to 64 letters, digits, - or _");
  return name;
}

/** `clanker secrets set NAME`: the value comes from stdin or a hidden prompt, never from the command line. */
export async function set(context: CliContext, { args: [given = ""] }: { args: string[] }): Promise<void> {
  const name = checkName(given);
  const value = await readSecret(`Value of ${name}`);
  const places = placesOf(context);
  const secrets = await openSecrets(places, context.env);
  await secrets.set(name, value);
  const place = await secrets.place(name);
  const running = await readRunning(places);
  const text = `stored in the ${place === "keychain" ? "keychain" : "encrypted file"}: write secret:${name} in the config to use it${running === undefined ? "" : "; the running gateway takes it at its next start"}`;
  context.output.result({ json: { name, stored: true, place, restart_required: running !== undefined }, text });
}

export async function list(context: CliContext): Promise<void> {
  const secrets = await openSecrets(placesOf(context), context.env);
  const names = (await secrets.list()).toSorted();
  const found = await Promise.all(names.map(async (name) => ({ name, place: await secrets.place(name) })));
  const text = found.map(({ name, place = "" }) => `${name}  (${place})`).join("\n");
  context.output.result({
    json: { secrets: names, places: Object.fromEntries(found.map(({ name, place }) => [name, place])) },
    text: text || "no secrets are stored",
  });
}

export async function remove(context: CliContext, { args: [given = ""] }: { args: string[] }): Promise<void> {
  const name = checkName(given);
  const there = await (await openSecrets(placesOf(context), context.env)).remove(name);
  if (!there) throw new RequestError("secret_not_found", `there is no secret ${name}`, { hint: "see clanker secrets list" });
  context.output.result({ json: { name, removed: true }, text: `${name} is removed` });
}

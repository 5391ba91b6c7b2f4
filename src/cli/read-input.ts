import { UsageError } from "./exit-code.ts";

/** Everything that comes on stdin, without the last line break. @throws UsageError when nothing does. */
export async function readStdin(what: string): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk as Uint8Array));
  const text = Buffer.concat(chunks)
    .toString("utf8")
    .replace(/\r?\n$/, "");
  if (text.trim() === "") throw new UsageError(`${what} is empty`, "give it on stdin, for example with: clanker secrets set NAME < file");
  return text;
}

/** A secret from stdin, or, at a terminal, from a prompt that does not show it. Never from the command line, where every process could read it. */
export async function readSecret(what: string): Promise<string> {
  if (process.stdin.isTTY !== true) return readStdin(what);
  const { isCancel, password } = await import("@clack/prompts");
  const answer = await password({ message: what, output: process.stderr, validate: (text) => (text === undefined || text === "" ? "it is empty" : undefined) });
  if (isCancel(answer)) throw new UsageError("cancelled", "nothing was changed");
  return answer;
}

/** A yes that has to be typed at a terminal; elsewhere the flag has to say it. */
export async function confirmOrFlag(question: string, yes: boolean | undefined): Promise<void> {
  if (yes === true) return;
  if (process.stdin.isTTY !== true) throw new UsageError(`${question} Nobody is here to answer`, "add --yes");
  const { confirm, isCancel } = await import("@clack/prompts");
  const answer = await confirm({ message: question, initialValue: false, output: process.stderr });
  if (isCancel(answer) || !answer) throw new UsageError("cancelled", "nothing was changed");
}

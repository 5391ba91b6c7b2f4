import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import { UsageError } from "../exit-code.ts";

/** `clanker completion bash|zsh|fish`: the script, made from the command tree itself. */
export async function completion(program: Command, { output }: CliContext, { args: [shell = ""] }: { args: string[] }): Promise<void> {
  const words = collect(program);
  const script = { bash, zsh, fish }[shell];
  if (script === undefined) throw new UsageError(`no completion for ${JSON.stringify(shell)}`, "there is bash, zsh and fish");
  const text = script(words);
  output.result({ json: { shell, script: text }, text });
}

interface Words {
  /** Names of commands and their subcommands; `""` is the program itself. */
  readonly commands: ReadonlyMap<string, readonly { readonly name: string; readonly about: string }[]>;
  /** Long options by command path; those of the program hold everywhere. */
  readonly options: ReadonlyMap<string, readonly string[]>;
}

function collect(program: Command): Words {
  const commands = new Map<string, { name: string; about: string }[]>();
  const options = new Map<string, string[]>();
  const visit = (command: Command, path: string) => {
    options.set(path, [...command.options.flatMap((option) => option.long ?? []), "--help"]);
    if (command.commands.length === 0) return;
    commands.set(
      path,
      command.commands.flatMap((child) => [child.name(), ...child.aliases()].map((name) => ({ name, about: child.description() }))),
    );
    for (const child of command.commands) for (const name of [child.name(), ...child.aliases()]) visit(child, `${path} ${name}`.trim());
  };
  visit(program, "");
  return { commands, options };
}

const namesOf = (words: Words, path: string) => (words.commands.get(path) ?? []).map(({ name }) => name).join(" ");

function cases(words: Words, line: (path: string, all: string) => string): string {
  const everywhere = words.options.get("") ?? [];
  return [...words.options].map(([path, own]) => line(path, `${namesOf(words, path)} ${[...new Set([...own, ...everywhere])].join(" ")}`.trim())).join("\n");
}

/** The path of the words typed so far, without options, at most two deep. */
const PATH = `  local path="" word
  for word in "\${WORDS[@]}"; do
    case "$word" in -*) ;; *) path="$path $word" ;; esac
  done
  path="\${path# }"`;

function bash(words: Words): string {
  return `# bash completion for clanker: eval "$(clanker completion bash)"
_clanker() {
  local current="\${COMP_WORDS[COMP_CWORD]}" choices=""
${PATH.replace("WORDS[@]", "COMP_WORDS[@]:1:COMP_CWORD-1")}
  case "$path" in
${cases(words, (path, all) => `    "${path}") choices="${all}" ;;`)}
    *) choices="${(words.options.get("") ?? []).join(" ")}" ;;
  esac
  COMPREPLY=($(compgen -W "$choices" -- "$current"))
}
complete -F _clanker clanker open-clanker
`;
}

function zsh(words: Words): string {
  return `#compdef clanker open-clanker
# zsh completion for clanker: eval "$(clanker completion zsh)"
_clanker() {
  local -a choices
${PATH.replace("WORDS[@]", "(@)words[2,CURRENT-1]")}
  case "$path" in
${cases(words, (path, all) => `    "${path}") choices=(${all}) ;;`)}
    *) choices=(${(words.options.get("") ?? []).join(" ")}) ;;
  esac
  compadd -a choices
}
compdef _clanker clanker open-clanker
`;
}

function fish(words: Words): string {
  const quote = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", String.raw`\'`)}'`;
  const lines: string[] = [];
  for (const [path, children] of words.commands) {
    const condition =
      path === "" ? "__fish_use_subcommand" : `__fish_seen_subcommand_from ${path}; and not __fish_seen_subcommand_from ${namesOf(words, path)}`;
    for (const { name, about } of children) lines.push(`complete -c clanker -f -n ${quote(condition)} -a ${name} -d ${quote(about)}`);
  }
  for (const [path, own] of words.options) {
    const condition =
      path === ""
        ? ""
        : ` -n ${quote(
            path
              .split(" ")
              .map((name) => `__fish_seen_subcommand_from ${name}`)
              .join("; and "),
          )}`;
    for (const option of own) lines.push(`complete -c clanker${condition} -l ${option.slice(2)}`);
  }
  return `# fish completion for clanker: clanker completion fish | source\n${lines.join("\n")}\ncomplete -c open-clanker -w clanker\n`;
}

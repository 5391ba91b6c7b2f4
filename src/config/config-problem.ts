import { ConfigError } from "../core/errors.ts";

/** Where a value comes from. */
export type Source =
  | { readonly type: "file"; readonly file: string; readonly line: number }
  | { readonly type: "env"; readonly name: string }
  | { readonly type: "default" };

/** One thing that is wrong. Never holds a secret's value. */
export interface ConfigProblem {
  /** Dotted; `` for the file as a whole. */
  readonly key: string;
  readonly source: Source;
  /** What is wrong, e.g. `unknown key` or `expected a whole number`. */
  readonly message: string;
  /** What stands there, as it is written. */
  readonly found?: string;
  /** The nearest valid name. */
  readonly nearest?: string;
  /** What to do. */
  readonly hint?: string;
}

/** The config cannot be used; `problems` lists everything that is wrong, in the order of the files. */
export class ConfigInvalid extends ConfigError {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super("config_invalid", formatConfigProblems(problems), { hint: "mend the lines named above; `clanker config validate` checks again" });
    this.name = "ConfigInvalid";
    this.problems = problems;
  }
}

/** `/path/config.toml:12`, `environment variable NAME` or `default`. */
export function formatSource(source: Source): string {
  if (source.type === "file") return `${source.file}:${source.line}`;
  return source.type === "env" ? `environment variable ${source.name}` : "default";
}

/** One line per problem, for a person. */
export function formatConfigProblems(problems: readonly ConfigProblem[]): string {
  return problems
    .map(({ key, source, message, found, nearest, hint }) => {
      const where = source.type === "default" ? "" : `${formatSource(source)}: `;
      const what = `${key === "" ? "" : `${key}: `}${message}`;
      const tail = `${found === undefined ? "" : `, found ${found}`}${nearest === undefined ? "" : `; did you mean ${nearest}?`}${hint === undefined ? "" : ` (${hint})`}`;
      return where + what + tail;
    })
    .join("\n");
}

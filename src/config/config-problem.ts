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

  constructor(problems: readonly ConfigProblem[], hint = "mend the lines named above; `clanker config validate` checks again") {
    super("config_invalid", formatConfigProblems(problems), { hint });
    this.name = "ConfigInvalid";
    this.problems = problems;
  }
}

/** The same for a change that was not written: the lines of what it would have made are nowhere to be seen. @param touched formatted keys of the change */
export function refuseChange(invalid: ConfigInvalid, touched: readonly string[]): ConfigInvalid {
  const isOfIt = ({ key }: ConfigProblem) => touched.some((changed) => key === changed || key.startsWith(`${changed}.`) || key.startsWith(`${changed}[`));
  if (!invalid.problems.some(isOfIt)) return invalid;
  const problems = invalid.problems.map((problem) => (isOfIt(problem) ? { ...problem, source: { type: "default" as const } } : problem));
  return new ConfigInvalid(problems, "nothing was changed; `clanker config schema` and docs/config.md tell what a key may be");
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

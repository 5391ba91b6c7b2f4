/** Variables of the environment by name. */
export type Env = Readonly<Record<string, string | undefined>>;

/** The process's environment: the only place in the sources that reads it. A copy, so that nobody changes it by accident. */
export function processEnv(): Env {
  return { ...process.env };
}

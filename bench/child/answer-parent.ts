/** What a helper process of the bench can be asked for. Arguments and results cross as JSON. */
export type Commands = Readonly<Record<string, (input: never) => unknown>>;

interface Ask {
  readonly id: number;
  readonly name: string;
  readonly input: unknown;
}

/** Serves the commands to the parent until it disconnects, then ends the process. */
export function answerParent(commands: Commands): void {
  process.on("message", ({ id, name, input }: Ask) => {
    void (async () => {
      try {
        const command = commands[name] as ((input: unknown) => unknown) | undefined;
        if (command === undefined) throw new Error(`no command ${name}`);
        process.send!({ id, result: await command(input) });
      } catch (error) {
        process.send!({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      }
    })();
  });
  process.once("disconnect", () => process.exit(0));
}

import {
  changeKey,
  ConfigInvalid,
  createConfigEditor,
  watchConfig,
  type LoadConfigOptions,
  type LoadedConfig,
  type RunningConfigEditor,
} from "../config/index.ts";
import type { Clock } from "../core/clock.ts";
import type { ConfigChange, ConfigEditOptions } from "../core/config-editor.ts";
import type { Hub } from "../core/event.ts";
import type { Log } from "../core/log.ts";
import type { Secret } from "../core/secret.ts";
import type { ConfigAccess } from "../gateway/index.ts";

export interface RunningConfig {
  readonly access: ConfigAccess;
  readonly editor: RunningConfigEditor;
  /** Takes edits made by hand as they come. @returns the function that ends it. */
  watch(): () => void;
}

/** The ConfigEditor as the gateway's methods see it; changes are announced. */
export function createConfigAccess(
  loaded: LoadedConfig,
  load: LoadConfigOptions,
  deps: { hub: Hub; log: Log; clock: Clock; redact: { add(secret: Secret): void } },
): RunningConfig {
  const editor = createConfigEditor({ loaded, load, log: deps.log });
  const take = ({ applied, restart_required, digest }: ConfigChange) => {
    // What is secret in the new config must not reach the log either.
    for (const secret of editor.current().secretsUsed) deps.redact.add(secret);
    deps.hub.publish({ event: "config.changed", payload: { applied: [...applied], restart_required: [...restart_required] } });
    return { applied, restart_required, digest };
  };
  const announced = async (change: Promise<ConfigChange>) => take(await change);
  const access: ConfigAccess = {
    get: async (key) => {
      const { value, digest } = await editor.get(key);
      return { value, digest };
    },
    set: (key, value, digest) => announced(changeKey(editor, key, { value, ...from(digest) })),
    patch: (patch, digest) => announced(editor.patch({ ...patch }, from(digest))),
    reload: () => announced(editor.reload()),
    async validate(config) {
      try {
        await editor.validate(config as Record<string, unknown>);
        return [];
      } catch (thrown) {
        if (!(thrown instanceof ConfigInvalid)) throw thrown;
        return thrown.problems.map((problem) => ({ key: problem.key, message: problem.message, hint: problem.hint }));
      }
    },
    schema: async () => editor.schema(),
  };
  return {
    access,
    editor,
    watch() {
      return watchConfig({
        editor,
        clock: deps.clock,
        onChange: (change) => {
          const { applied, restart_required } = take(change);
          deps.log.info("the config was edited", { applied, restart_required });
        },
        onRefused: (error) => {
          deps.log.warn("an edit of the config was not taken; the former one stays in force", { problem: error.message });
          deps.hub.publish({
            event: "notice",
            payload: { code: error.code, text: `The config was not taken, the former one stays in force.\n${error.message}` },
          });
        },
      });
    },
  };
}

function from(digest: string | undefined): ConfigEditOptions {
  return digest === undefined ? {} : { expectedDigest: digest };
}

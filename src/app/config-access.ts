import { changeKey, ConfigInvalid, createConfigEditor, type LoadConfigOptions, type LoadedConfig, type RunningConfigEditor } from "../config/index.ts";
import type { ConfigEditOptions } from "../core/config-editor.ts";
import type { Hub } from "../core/event.ts";
import type { Log } from "../core/log.ts";
import type { Secret } from "../core/secret.ts";
import type { ConfigAccess } from "../gateway/index.ts";

/** The ConfigEditor as the gateway's methods see it; changes are announced. */
export function createConfigAccess(
  loaded: LoadedConfig,
  load: LoadConfigOptions,
  deps: { hub: Hub; log: Log; redact: { add(secret: Secret): void } },
): { access: ConfigAccess; editor: RunningConfigEditor } {
  const editor = createConfigEditor({ loaded, load, log: deps.log });
  const announced = async (change: ReturnType<RunningConfigEditor["set"]>) => {
    const { applied, restart_required, digest } = await change;
    // What is secret in the new config must not reach the log either.
    for (const secret of editor.current().secretsUsed) deps.redact.add(secret);
    deps.hub.publish({ event: "config.changed", payload: { applied: [...applied], restart_required: [...restart_required] } });
    return { applied, restart_required, digest };
  };
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
  return { access, editor };
}

function from(digest: string | undefined): ConfigEditOptions {
  return digest === undefined ? {} : { expectedDigest: digest };
}

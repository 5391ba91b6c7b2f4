import { isBuiltin } from "node:module";
import type { Plugin } from "rolldown";

const PREFIX = "\0builtin:";
/** Those of which something heavy is lazy. */
const LAZY = new Set(["node:http", "node:fs", "node:crypto"]);

/**
 * Takes `node:http` and its like by `process.getBuiltinModule` instead of by `import`. An import reads every export of a module once, and with it the lazy
 * ones: `import "node:http"` alone loads undici and http2, which a gateway does not use. A lazy export cannot be imported by name then; the build fails if
 * something does.
 */
export function leanBuiltins(): Plugin {
  return {
    name: "lean-builtins",
    resolveId(id, _importer, { kind }) {
      if (!isBuiltin(id)) return null;
      const name = id.startsWith("node:") ? id : `node:${id}`;
      return kind === "import-statement" && LAZY.has(name) ? PREFIX + name : { id, external: true };
    },
    load(id) {
      if (!id.startsWith(PREFIX)) return null;
      const name = id.slice(PREFIX.length);
      const properties = Object.entries(Object.getOwnPropertyDescriptors(process.getBuiltinModule(name) as object));
      const names = properties.flatMap(([key, property]) => ("value" in property && /^[A-Za-z_]\w*$/.test(key) ? [key] : []));
      const code = [`const builtin = process.getBuiltinModule("${name}");`, `export const { ${names.join(", ")} } = builtin;`, "export default builtin;"];
      return { code: code.join("\n"), moduleSideEffects: false };
    },
  };
}

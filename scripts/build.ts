/**
 * Builds dist/: the program, its workers, the client and the page. Run by `npm ci` (prepare), `npm run build` and, when dist is
 * older than the sources, by the tests. What has no source yet is left out.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { rolldown, type InputOptions, type OutputOptions, type Plugin } from "rolldown";
import { leanBuiltins } from "./lean-builtins.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(root, "dist");

/** Asked for by dependencies inside try/catch and not installed: they stay `require` calls that fail as intended. */
const OPTIONAL = ["pg-native", "bufferutil", "utf-8-validate", "canvas"];

async function bundle(input: InputOptions, output: OutputOptions): Promise<readonly string[]> {
  const build = await rolldown({ cwd: root, logLevel: "warn", ...input });
  try {
    const { output: files } = await build.write(output);
    return files.map((file) => file.fileName);
  } finally {
    await build.close();
  }
}

/** V8 keeps a source with one character beyond Latin-1 in two bytes for each: half a megabyte for three words of Russian. */
const oneByte: Plugin = {
  name: "one-byte",
  generateBundle(_options, files) {
    for (const file of Object.values(files))
      if (file.type === "chunk") file.code = file.code.replaceAll(/[^\0-\xff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  },
};

/** V8 keeps every source it has loaded; names stay as they are, so that a stack is told in them. */
const minify = { compress: true, mangle: false, codegen: { removeWhitespace: true } } as const;

const node: InputOptions = { platform: "node", external: OPTIONAL, plugins: [leanBuiltins(), oneByte] };

/** The program: lazily imported modules stay chunks of their own, so that `clanker --help` loads no gateway. */
async function buildProgram(out: string): Promise<void> {
  await bundle(
    { ...node, input: { clanker: "src/main.ts" } },
    {
      dir: out,
      format: "esm",
      entryFileNames: "[name].js",
      chunkFileNames: "chunks/[name]-[hash].js",
      minify,
    },
  );
  const file = join(out, "clanker.js");
  // `--max-semi-space-size` halves memory under load and works on the command line only: the shebang of the source has to survive.
  if (!(await readFile(file, "utf8")).startsWith("#!/usr/bin/env -S node --max-semi-space-size=2\n")) throw new Error("dist/clanker.js has lost its shebang");
  await chmod(file, 0o755);
}

/** Workers (found beside the chunk that starts them) and the client load alone: one file each, nothing shared. */
async function buildSingle(input: string, file: string, options: InputOptions): Promise<void> {
  await bundle({ ...options, input }, { file, format: "esm", codeSplitting: false, minify });
}

/** Declarations of the client, for whoever imports `open-clanker/client`. */
async function buildClientTypes(out: string): Promise<void> {
  const folder = join(out, "types");
  const source = "--target es2024 --lib es2024,dom,dom.iterable --module nodenext --strict --allowImportingTsExtensions".split(" ");
  const emit = ["--declaration", "--emitDeclarationOnly", "--rootDir", "src", "--outDir", folder];
  await promisify(execFile)(join(root, "node_modules/.bin/tsc"), ["--ignoreConfig", ...source, ...emit, "src/client/index.ts"], { cwd: root });
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    // Declarations are found by the name of the script they stand for.
    await writeFile(path, (await readFile(path, "utf8")).replaceAll(/(from "\.[^"]*)\.ts"/g, '$1.js"'));
  }
}

async function buildPage(out: string): Promise<void> {
  const assets = join(out, "assets");
  const files = await bundle(
    { input: { page: "ui/src/main.tsx" }, platform: "browser", transform: { target: "es2022" } },
    { dir: assets, format: "esm", minify: true, entryFileNames: "[name]-[hash].js", chunkFileNames: "[name]-[hash].js" },
  );
  const css = (await Promise.all((await styles()).map((file) => readFile(file, "utf8"))))
    .join("\n")
    .replaceAll(/\/\*[^]*?\*\//g, "")
    // Every line of a formatted style sheet ends in a sign that needs no space behind it.
    .replaceAll(/\s*\n\s*/g, "");
  const style = `page-${createHash("sha256").update(css).digest("base64url").slice(0, 8)}.css`;
  await writeFile(join(assets, style), css);
  const script = files.find((file) => /^page-.*\.js$/.test(file));
  const html = await readFile(join(root, "ui/index.html"), "utf8");
  await writeFile(join(out, "index.html"), html.replace("src/main.tsx", `assets/${script}`).replace("src/page.css", `assets/${style}`));
  for (const file of await readdir(join(root, "ui/public")).catch(() => [])) {
    await writeFile(join(out, file), await readFile(join(root, "ui/public", file)));
  }
  await compress(out);
}

/** Files smaller than this are a packet as they are. */
const WORTH_COMPRESSING = 1_400;

/** `NAME.gz` beside each text of the page: compressed once, here, and as well as can be, instead of at every request. */
async function compress(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.(js|css|html|svg)$/.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path);
    if (bytes.length >= WORTH_COMPRESSING) await writeFile(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  }
}

/** page.css first (it sets the variables), then one file per part of the page. */
async function styles(): Promise<string[]> {
  const found = (await readdir(join(root, "ui/src"), { recursive: true })).filter((file) => file.endsWith(".css")).toSorted();
  return found.toSorted((a, b) => Number(b === "page.css") - Number(a === "page.css")).map((file) => join(root, "ui/src", file));
}

/** Builds beside dist and swaps at the end: a program that runs from dist meanwhile never sees half of it. */
export async function build(): Promise<void> {
  const next = join(root, `node_modules/.cache/build-${process.pid}`);
  await mkdir(next, { recursive: true });
  try {
    const parts: [source: string, run: () => Promise<void>][] = [
      ["src/main.ts", () => buildProgram(next)],
      ["src/store/sqlite/writer-worker.ts", () => buildSingle("src/store/sqlite/writer-worker.ts", join(next, "chunks/sqlite-writer.js"), node)],
      ["src/store/sqlite/copy-worker.ts", () => buildSingle("src/store/sqlite/copy-worker.ts", join(next, "chunks/sqlite-copy.js"), node)],
      [
        "src/security/host/workspace/search-worker.ts",
        () => buildSingle("src/security/host/workspace/search-worker.ts", join(next, "chunks/file-search.js"), node),
      ],
      ["src/media/html/html-worker.ts", () => buildSingle("src/media/html/html-worker.ts", join(next, "chunks/html-reader.js"), node)],
      ["src/client/index.ts", () => buildSingle("src/client/index.ts", join(next, "client.js"), { platform: "neutral" })],
      ["src/client/index.ts", () => buildClientTypes(next)],
      ["ui/src/main.tsx", () => buildPage(join(next, "ui"))],
    ];
    await Promise.all(parts.filter(([source]) => existsSync(join(root, source))).map(([, run]) => run()));
    const old = `${next}.old`;
    // A folder of a lower image layer cannot be renamed.
    if (existsSync(dist)) await rename(dist, old).catch(() => rm(dist, { recursive: true, force: true }));
    await rename(next, dist);
    await rm(old, { recursive: true, force: true });
  } finally {
    await rm(next, { recursive: true, force: true });
  }
}

/** True when a source is newer than what was built from it. */
export async function isStale(): Promise<boolean> {
  const built = await stat(join(dist, "clanker.js")).catch(() => undefined);
  if (built === undefined) return true;
  for (const folder of ["src", "ui"]) {
    for (const entry of await readdir(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (entry.isFile() && (await stat(join(entry.parentPath, entry.name))).mtimeMs > built.mtimeMs) return true;
    }
  }
  return false;
}

if (process.argv[1] !== undefined && basename(process.argv[1]) === "build.ts") {
  const started = performance.now();
  await build();
  console.log(`built dist in ${Math.round(performance.now() - started)} ms`);
}

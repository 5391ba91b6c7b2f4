import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { joinLabels, type Label } from "../../../core/label.ts";
import { writeFileAtomic } from "../../../lib/atomic-file/index.ts";

/**
 * Who may have written what lies in a workspace. A file that a tool wrote has a label of its own; what a program may have written lowers everything, because
 * nobody saw where. Kept outside of the folder, where no tool reaches it.
 */
export interface FileLabels {
  of(path?: string): Label;
  /** Durable before it resolves. */
  taint(label: Label, path?: string): Promise<void>;
}

/** More files than this with labels of their own become one label for everything. */
const MAX_FILES = 5_000;

interface Kept {
  readonly whole: Label;
  readonly files: Readonly<Record<string, Label>>;
}

const same = (a: Label, b: Label) => a.integrity === b.integrity && a.confidentiality === b.confidentiality;

/** @param base label of what no tool wrote. A file that cannot be read is an error, never a fresh start. */
export async function openLabels(file: string, base: Label): Promise<FileLabels> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const kept = await readKept(file, base);
  let whole = joinLabels(kept.whole, base);
  const files = new Map(Object.entries(kept.files));
  let saved: Promise<void> = Promise.resolve();

  const everything = () => [...files.values()].reduce(joinLabels, whole);
  const of = (path?: string): Label => {
    if (path === undefined || path === "") return everything();
    const own = files.get(path);
    return own === undefined ? whole : joinLabels(whole, own);
  };
  const save = () => {
    const next = saved.catch(() => {}).then(() => writeFileAtomic(file, JSON.stringify({ whole, files: Object.fromEntries(files) })));
    saved = next;
    return next;
  };
  return {
    of,
    async taint(label, path) {
      if (path === undefined) {
        const joined = joinLabels(everything(), label);
        if (same(joined, whole)) return saved;
        whole = joined;
      } else {
        const joined = joinLabels(of(path), label);
        if (same(joined, of(path))) return saved;
        files.set(path, joined);
      }
      if (path === undefined || files.size > MAX_FILES) {
        whole = everything();
        files.clear();
      }
      return save();
    },
  };
}

async function readKept(file: string, base: Label): Promise<Kept> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Kept;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { whole: base, files: {} };
    throw error;
  }
}

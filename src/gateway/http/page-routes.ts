import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import type { Hono } from "hono";
import { RequestError } from "../../core/errors.ts";
import { sha256Hex } from "../auth/digest.ts";
import type { Env } from "./http-context.ts";

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  json: "application/json",
  webmanifest: "application/manifest+json",
  svg: "image/svg+xml",
  png: "image/png",
  ico: "image/x-icon",
  webp: "image/webp",
  woff2: "font/woff2",
  txt: "text/plain; charset=utf-8",
};

/** /ui/ from a folder; a file with its NAME.gz beside it is sent packed to whoever takes that. Only files that the folder is found to hold are served, so no path of a caller ever reaches the disk. */
export function mountPage(app: Hono<Env>, root: string): void {
  let files: Promise<Map<string, string>> | undefined;
  const find = async (name: string) => {
    const known = (await (files ??= listFiles(root))).get(name);
    if (known !== undefined) return known;
    // A page built anew has other file names.
    files = undefined;
    return (await (files = listFiles(root))).get(name);
  };
  app.get("/", (c) => c.redirect("/ui/", 302));
  app.get("/ui/*", async (c) => {
    // The pattern takes the bare folder too; the page's own addresses are relative to the one with the slash.
    if (c.req.path === "/ui") return c.redirect("/ui/", 302);
    const asked = c.req.path.slice("/ui/".length);
    const name = asked === "" ? "index.html" : asked;
    const file = await find(name);
    const type = file === undefined ? undefined : TYPES[file.slice(file.lastIndexOf(".") + 1)];
    if (file === undefined || type === undefined) throw new RequestError("not_found", "the page has no such file");
    const packed = (await files)?.get(`${name}.gz`);
    const unpack = packed === undefined || !takesGzip(c.req.header("accept-encoding"));
    const bytes = await readFile(unpack ? file : packed);
    // Packed and unpacked are two representations and have two tags (RFC 9110, section 8.8.3.3).
    const etag = `"${sha256Hex(bytes).slice(0, 32)}"`;
    const headers = {
      etag,
      "cache-control": "no-cache",
      ...(packed === undefined ? {} : { vary: "accept-encoding, origin" }),
      ...(unpack ? {} : { "content-encoding": "gzip" }),
    };
    if (c.req.header("if-none-match") === etag) return c.body(null, 304, headers);
    return c.body(bytes, 200, { ...headers, "content-type": type });
  });
}

/** Accept-Encoding names gzip or everything, and not with weight 0 (RFC 9110, section 12.5.3). */
export function takesGzip(header: string | undefined): boolean {
  const weights = new Map(
    (header ?? "").split(",").map((item) => {
      const [coding = "", ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
      const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1";
      return [coding, Number(weight)] as const;
    }),
  );
  return (weights.get("gzip") ?? weights.get("*") ?? 0) > 0;
}

async function listFiles(root: string): Promise<Map<string, string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  return new Map(
    entries.flatMap((entry) => {
      if (!entry.isFile()) return [];
      const path = join(entry.parentPath, entry.name);
      return [[relative(root, path).split(sep).join("/"), path] as const];
    }),
  );
}

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { link, mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, stat, symlink, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ToolError } from "../../../src/core/errors.ts";
import type { Label } from "../../../src/core/label.ts";
import type { Principal } from "../../../src/core/principal.ts";
import type { Workspace, Workspaces } from "../../../src/core/workspace.ts";
import { createWorkspaces } from "../../../src/security/host/workspace/index.ts";

const OWNER: Principal = { person: "owner", class: "owner", where: { channel: "web", account: "default", conversation: "owner" }, direct: true };
const GUEST: Principal = { person: "p", class: "guest", where: { channel: "telegram", account: "default", conversation: "7" }, direct: true };
const PRIVATE: Label = { integrity: "OWNER", confidentiality: "PRIVATE" };
const WEB: Label = { integrity: "EXTERNAL", confidentiality: "PUBLIC" };

const bytes = (text: string) => new TextEncoder().encode(text);
const withCode =
  (...codes: string[]) =>
  (error: unknown) => {
    assert.ok(error instanceof ToolError, String(error));
    assert.ok(codes.includes(error.code), `${error.code}: ${error.message}`);
    return true;
  };

interface World extends AsyncDisposable {
  readonly folder: string;
  readonly workspaces: Workspaces;
  readonly workspace: Workspace;
  /** Opens everything anew, as after a restart. */
  again(): Promise<Workspace>;
}

async function openWorld(): Promise<World> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "clanker-workspace-")));
  const create = () => createWorkspaces({ folderOf: (agent) => join(folder, "agents", agent), dataFolder: join(folder, "data") });
  const workspaces = create();
  const owner = { agent: "main", principal: OWNER, sessionId: "s1" };
  await writeFile(join(folder, "secret"), "canary");
  return {
    folder,
    workspaces,
    workspace: await workspaces.open(owner),
    again: () => create().open(owner),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

const textOf = async (workspace: Workspace, path: string) => new TextDecoder().decode((await workspace.read(path, { limit: 1_000_000 })).bytes);

/** Every way in, with one path. */
function attempts(workspace: Workspace, path: string): (() => Promise<unknown>)[] {
  return [
    () => workspace.read(path, { limit: 1_000 }),
    () => workspace.write(path, bytes("evil"), { label: PRIVATE }),
    () => workspace.append(path, bytes("evil"), { label: PRIVATE }),
  ];
}

describe("security/host/workspace", () => {
  it("writes, adds to, reads and lists files, and makes their folders", async () => {
    await using world = await openWorld();
    const { workspace } = world;
    await workspace.write("notes/a.txt", bytes("one\n"), { label: PRIVATE });
    await workspace.append("notes/a.txt", bytes("two\n"), { label: PRIVATE });
    assert.equal(await textOf(workspace, "./notes/x/../a.txt"), "one\ntwo\n");
    assert.equal(await textOf(workspace, "/workspace/notes/a.txt"), "one\ntwo\n");
    assert.equal(await textOf(workspace, join(workspace.root, "notes/a.txt")), "one\ntwo\n");
    const { items, more } = await workspace.list("", { depth: 2, limit: 10 });
    assert.deepEqual(
      items.map(({ path, kind, size }) => [path, kind, kind === "file" ? size : 0]),
      [
        ["notes", "folder", 0],
        ["notes/a.txt", "file", 8],
      ],
    );
    assert.equal(more, false);
    assert.equal((await workspace.list("", { depth: 2, limit: 1 })).more, true);
    assert.equal((await workspace.stat("notes"))?.kind, "folder");
    assert.equal(await workspace.stat("nothing"), undefined);
  });

  it("keeps a file's permission bits but no set-user-id, and leaves no temporary file", async () => {
    await using world = await openWorld();
    await writeFile(join(world.workspace.root, "run.sh"), "x", { mode: 0o750 });
    await world.workspace.write("run.sh", bytes("y"), { label: PRIVATE });
    assert.equal((await stat(join(world.workspace.root, "run.sh"))).mode & 0o7777, 0o750);
    assert.deepEqual(await readdir(world.workspace.root), ["run.sh"]);
  });

  it("replaces a file only while it is the one that was read, and makes one only where there is none", async () => {
    await using world = await openWorld();
    const { workspace } = world;
    await workspace.write("a", bytes("1"), { label: PRIVATE, create: true });
    const { digest } = await workspace.read("a", { limit: 10 });
    await assert.rejects(workspace.write("a", bytes("2"), { label: PRIVATE, create: true }), withCode("exists"));
    await workspace.write("a", bytes("2"), { label: PRIVATE, digest });
    await assert.rejects(workspace.write("a", bytes("3"), { label: PRIVATE, digest }), withCode("file_changed"));
    await assert.rejects(workspace.write("b", bytes("3"), { label: PRIVATE, digest }), withCode("file_changed"));
    await assert.rejects(workspace.read("a", { limit: 0 }), withCode("too_large"));
    assert.equal(await textOf(workspace, "a"), "2");
  });

  const REFUSED = [
    "../secret",
    "a/../../secret",
    "/etc/passwd",
    "/",
    "//etc/passwd",
    "/workspace/../secret",
    "/workspaces/x",
    "@/etc/passwd",
    "@../secret",
    "~/x",
    "~root/x",
    "file:///etc/passwd",
    "file://host/share",
    "http://example.org/x",
    "\\\\host\\share",
    "..\\secret",
    "%2e%2e/secret",
    "..%2fsecret",
    "%2E%2e%5csecret",
    "a\0b",
    "a\nb",
    "a\u001bb",
    "a.txt:stream",
    "C:/x",
    "PROGRA~1",
    "dir/LONGNA~2.TXT",
    "a./b",
    "trailing ",
    "x".repeat(5_000),
    `${"y".repeat(256)}/a`,
    "ü".repeat(200),
  ];
  it("sec-66 refuses names that mean something outside, or another thing to somebody", async () => {
    await using world = await openWorld();
    for (const path of REFUSED) {
      for (const attempt of attempts(world.workspace, path)) await assert.rejects(attempt, withCode("path_refused"), JSON.stringify(path.slice(0, 80)));
      await assert.rejects(world.workspace.list(path, { depth: 1, limit: 1 }), withCode("path_refused"));
      await assert.rejects(world.workspace.stat(path), withCode("path_refused"));
      await assert.rejects(
        world.workspace.search({ path, pattern: "x", kind: "literal", ignoreCase: false, limit: 1, timeMs: 1_000 }, {}),
        withCode("path_refused"),
      );
    }
    assert.deepEqual(await readdir(world.workspace.root), []);
    for (const path of ["a b.txt", ".hidden", "..x", "ä/ö.txt", "50%.txt", "@types/x.d.ts", "a~b", "...a"])
      await world.workspace.write(path, bytes("x"), { label: PRIVATE });
  });

  it("sec-67 follows links that stay inside, and no others", async () => {
    await using world = await openWorld();
    const { workspace, folder } = world;
    const { root } = workspace;
    await workspace.write("deep/real.txt", bytes("in"), { label: PRIVATE });
    const links: Record<string, string> = {
      ok: "deep/real.txt",
      okFolder: "deep",
      okSandbox: "/workspace/deep",
      outFile: "../../secret",
      outAbsolute: join(folder, "secret"),
      outFolder: folder,
      dangling: "../../made",
      loop: "loop",
      up: "deep/../../..",
    };
    for (const [name, target] of Object.entries(links)) await symlink(target, join(root, name));
    for (const path of ["ok", "okFolder/real.txt", "okSandbox/real.txt"]) assert.equal(await textOf(workspace, path), "in");
    await workspace.write("okFolder/new.txt", bytes("x"), { label: PRIVATE });
    assert.equal(await textOf(workspace, "deep/new.txt"), "x");
    for (const path of ["outFile", "outAbsolute", "outFolder/secret", "dangling", "loop", "up/secret"]) {
      for (const attempt of attempts(workspace, path)) await assert.rejects(attempt, withCode("path_refused"), path);
    }
    const { items } = await workspace.list("", { depth: 5, limit: 100 });
    assert.ok(items.every(({ path }) => !path.startsWith("outFolder/") && !path.startsWith("okFolder/")));
    assert.equal(await readFile(join(folder, "secret"), "utf8"), "canary");
    assert.deepEqual((await readdir(folder)).toSorted(), ["agents", "data", "secret"]);
  });

  it("sec-67 refuses hard links, pipes and folders that are no files", async () => {
    await using world = await openWorld();
    await link(join(world.folder, "secret"), join(world.workspace.root, "hard"));
    assert.equal(spawnSync("mkfifo", [join(world.workspace.root, "pipe")]).status, 0);
    await mkdir(join(world.workspace.root, "folder"));
    for (const path of ["hard", "pipe", "folder"]) {
      for (const attempt of attempts(world.workspace, path)) await assert.rejects(attempt, withCode("path_refused"), path);
    }
    const query = { path: "", pattern: "canary", kind: "literal" as const, ignoreCase: false, limit: 5, timeMs: 5_000 };
    assert.deepEqual((await world.workspace.search(query, {})).matches, []);
    assert.equal(await readFile(join(world.folder, "secret"), "utf8"), "canary");
  });

  it("sec-67 a program that swaps folders and links all the time gains nothing", async () => {
    await using world = await openWorld();
    const { workspace, folder } = world;
    const { root } = workspace;
    await mkdir(join(folder, "outside"));
    await writeFile(join(folder, "outside", "f"), "canary");
    await mkdir(join(root, "real"));
    await writeFile(join(root, "real", "f"), "inside");
    let over = false;
    // `d` is by turns the folder itself and a link to the folder outside; `f` in it is by turns a file and a link.
    const swapFolders = async () => {
      while (!over) {
        await rename(join(root, "real"), join(root, "d")).catch(() => {});
        await rename(join(root, "d"), join(root, "real")).catch(() => {});
        await symlink(join(folder, "outside"), join(root, "d")).catch(() => {});
        await unlink(join(root, "d")).catch(() => {});
      }
    };
    const swapFiles = async () => {
      while (!over) {
        await symlink("../../../outside/f", join(root, "real", "g")).catch(() => {});
        await unlink(join(root, "real", "g")).catch(() => {});
      }
    };
    const attack = Promise.all([swapFolders(), swapFiles()]);
    let through = 0;
    for (let round = 0; round < 1_000 || (through === 0 && round < 50_000); round++) {
      const path = round % 2 === 0 ? "d/f" : "real/g";
      const work = round % 3 === 0 ? workspace.write(path, bytes("inside"), { label: PRIVATE }) : textOf(workspace, path);
      const text = await work.catch((error: unknown) => {
        withCode("path_refused", "not_found", "file_failed", "file_changed")(error);
      });
      if (typeof text === "string") {
        assert.equal(text, "inside");
        through++;
      }
    }
    over = true;
    await attack;
    assert.ok(through > 0, "not one read was let through: the test shows nothing");
    assert.deepEqual(await readdir(join(folder, "outside")), ["f"]);
    assert.equal(await readFile(join(folder, "outside", "f"), "utf8"), "canary");
  });

  it("sec-70 makes no folder for a name that is not a plain one", async () => {
    await using world = await openWorld();
    for (const name of ["../../x", "a/b", ".", "", "x".repeat(4_096), "ünï", "a b", "a\0"]) {
      await assert.rejects(world.workspaces.open({ agent: name, principal: OWNER, sessionId: "s" }), withCode("path_refused"));
      await assert.rejects(world.workspaces.open({ agent: "main", principal: GUEST, sessionId: name }), withCode("path_refused"));
    }
  });

  it("sec-93 a folder that holds the gateway's config or data, or lies among them, is nobody's workspace, by a link neither", async () => {
    await using world = await openWorld();
    const data = join(world.folder, "data");
    const config = join(world.folder, "etc");
    await mkdir(config);
    await symlink(config, join(world.folder, "link"));
    const open = (folder: string) =>
      createWorkspaces({ folderOf: () => folder, dataFolder: data, configFolder: config }).open({ agent: "main", principal: OWNER, sessionId: "s" });
    for (const folder of [
      config,
      world.folder,
      "/",
      data,
      join(data, "workspace-labels"),
      join(data, "session-workspaces", "main", "s1"),
      join(world.folder, "link"),
    ])
      await assert.rejects(open(folder), withCode("workspace_refused"), folder);
    for (const folder of [join(config, "workspace"), join(data, "workspaces", "main"), `${config}2`]) assert.ok((await open(folder)).root);
  });

  it("sec-110 gives every agent a folder, and anybody but the owner one per session", async () => {
    await using world = await openWorld();
    const open = (agent: string, principal: Principal, sessionId: string) => world.workspaces.open({ agent, principal, sessionId });
    await world.workspace.write("mine", bytes("x"), { label: PRIVATE });
    assert.equal((await open("main", OWNER, "other")).root, world.workspace.root);
    const others = [await open("second", OWNER, "s1"), await open("main", GUEST, "g1"), await open("main", GUEST, "g2")];
    assert.equal(new Set([world.workspace.root, ...others.map(({ root }) => root)]).size, 4);
    for (const other of others) assert.deepEqual((await other.list("", { depth: 9, limit: 9 })).items, []);
  });

  it("sec-74 folders and labels are the owner's alone", async () => {
    await using world = await openWorld();
    assert.equal((await stat(world.workspace.root)).mode & 0o777, 0o700);
    await world.workspace.write("a", bytes("x"), { label: WEB });
    const [file] = await readdir(join(world.folder, "data/workspace-labels"));
    assert.equal((await stat(join(world.folder, "data/workspace-labels", file!))).mode & 0o777, 0o600);
  });

  it("sec-91 what was written from outside stays so, over restarts and moves by programs", async () => {
    await using world = await openWorld();
    await world.workspace.write("own", bytes("x"), { label: PRIVATE });
    assert.deepEqual(world.workspace.label(), PRIVATE);
    await world.workspace.write("web", bytes("x"), { label: WEB });
    await symlink("web", join(world.workspace.root, "alias"));
    for (const workspace of [world.workspace, await world.again()]) {
      assert.equal((await workspace.read("web", { limit: 9 })).label.integrity, "EXTERNAL");
      assert.equal((await workspace.read("alias", { limit: 9 })).label.integrity, "EXTERNAL");
      assert.equal((await workspace.read("own", { limit: 9 })).label.integrity, "OWNER");
      assert.equal(workspace.label().integrity, "EXTERNAL");
    }
    // A program may have copied it anywhere.
    await world.workspace.taint(PRIVATE);
    assert.equal((await (await world.again()).read("own", { limit: 9 })).label.integrity, "EXTERNAL");
  });
});

describe("search in a workspace", () => {
  const query = { path: "", kind: "literal" as const, ignoreCase: false, limit: 10, timeMs: 20_000 };

  it("finds texts and patterns, by name of file and without regard to case", async () => {
    await using world = await openWorld();
    const { workspace } = world;
    await workspace.write("src/a.ts", bytes("one\nTWO a(b\n"), { label: PRIVATE });
    await workspace.write("src/deep/b.md", bytes("two\n"), { label: PRIVATE });
    await workspace.write("data.bin", bytes("two\0"), { label: PRIVATE });
    const find = async (more: object) => (await workspace.search({ ...query, pattern: "two", ...more }, {})).matches.map(({ path, line }) => `${path}:${line}`);
    assert.deepEqual(await find({}), ["src/deep/b.md:1"]);
    assert.deepEqual(await find({ ignoreCase: true }), ["src/a.ts:2", "src/deep/b.md:1"]);
    assert.deepEqual(await find({ ignoreCase: true, files: "*.ts" }), ["src/a.ts:2"]);
    assert.deepEqual(await find({ ignoreCase: true, files: "src/**/*.{md,txt}" }), ["src/deep/b.md:1"]);
    assert.deepEqual(await find({ ignoreCase: true, path: "src", files: "deep/*" }), ["src/deep/b.md:1"]);
    assert.deepEqual(await find({ pattern: "a(b" }), ["src/a.ts:2"]);
    assert.deepEqual(await find({ pattern: "^t.o$", kind: "regex" }), ["src/deep/b.md:1"]);
    assert.deepEqual(await find({ ignoreCase: true, limit: 1 }), ["src/a.ts:2"]);
    assert.deepEqual(await find({ path: "src/a.ts", pattern: "one" }), ["src/a.ts:1"]);
    await assert.rejects(find({ pattern: "(", kind: "regex" }), withCode("bad_pattern"));
    await assert.rejects(find({ path: "nowhere" }), withCode("not_found"));
  });

  it("says so when it breaks off", async () => {
    await using world = await openWorld();
    await rm(world.workspace.root, { recursive: true });
    await assert.rejects(world.workspace.search({ ...query, pattern: "x" }, {}), withCode("search_failed"));
  });

  it("sec-120 a pattern that would never end is stopped, and what was found is told", async () => {
    await using world = await openWorld();
    await world.workspace.write("a", bytes("aaaa\n"), { label: PRIVATE });
    await world.workspace.write("b", bytes(`${"a".repeat(60)}!\n`), { label: PRIVATE });
    const { matches, cut } = await world.workspace.search({ ...query, pattern: "^(a+)+$", kind: "regex", timeMs: 3_000 }, {});
    assert.deepEqual(
      matches.map(({ path }) => path),
      ["a"],
    );
    assert.equal(cut, "time");
    const controller = new AbortController();
    const search = world.workspace.search({ ...query, pattern: "^(a+)+$", kind: "regex" }, { signal: controller.signal });
    controller.abort();
    await assert.rejects(search, withCode("aborted"));
  });
});

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { openTestGateway, TOKEN, type TestGateway } from "../gateway/open-test-gateway.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const run = promisify(execFile);

/** The examples of the page, by the name in their first line. */
async function examples(): Promise<Map<string, string>> {
  const page = await readFile(join(root, "docs/client.md"), "utf8");
  return new Map([...page.matchAll(/```ts\n\/\/ (\S+\.ts)\n([^]*?)```/g)].map(([, name, code]) => [name!, code!]));
}

describe("the package as others install it", () => {
  let folder: string;
  let gateway: TestGateway;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "clanker-package-"));
    // The tarball is unpacked by hand: nothing of the network, and none of the program's own dependencies, which the client must not need.
    const { stdout } = await run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], { cwd: root });
    const [packed] = JSON.parse(stdout) as { filename: string }[];
    const home = join(folder, "node_modules/open-clanker");
    await mkdir(home, { recursive: true });
    await run("tar", ["-xzf", join(folder, packed!.filename), "-C", home, "--strip-components=1"]);
    await writeFile(join(folder, "package.json"), '{"type":"module","private":true}');
    for (const [name, code] of await examples()) await writeFile(join(folder, name), code);
    gateway = await openTestGateway();
  });
  after(async () => {
    await gateway.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const compile = (...args: string[]) =>
    run(join(root, "node_modules/.bin/tsc"), ["--ignoreConfig", "--noEmit", "--strict", "--target", "es2024", ...args], { cwd: folder }).catch(
      (error: { stdout: string }) => assert.fail(error.stdout),
    );

  test("every example of docs/client.md compiles against the packed declarations, for Node and for bundlers", async () => {
    const names = [...(await examples()).keys()];
    assert.deepEqual(names, ["ask.ts", "stream.ts", "resume.ts", "errors.ts", "pair.ts", "phone.ts"]);
    await writeFile(join(folder, "globals.d.ts"), "declare const process: { env: Record<string, string | undefined> };\n");
    for (const resolution of [
      ["--module", "nodenext"],
      ["--module", "esnext", "--moduleResolution", "bundler"],
    ])
      await compile(...resolution, "--lib", "es2024,dom,dom.iterable", "globals.d.ts", ...names);
  });

  test("a wrong method or parameter does not compile", async () => {
    const lines = [
      'client.call("no.such", {})',
      'client.call("chat.send", { message: 1 })',
      'client.call("sessions.get")',
      'client.call("ping").then(({ nothing }) => nothing)',
    ];
    const code = `import { createClient } from "open-clanker/client";\nconst client = createClient({ url: "" });\n${lines.map((line) => `// @ts-expect-error -- on purpose\n${line};\n`).join("")}`;
    await writeFile(join(folder, "wrong.ts"), code);
    await compile("--module", "nodenext", "--lib", "es2024,dom", "wrong.ts");
  });

  test("every example that is a program runs and says what it should", async () => {
    const env = { PATH: process.env["PATH"], CLANKER_URL: gateway.ws, CLANKER_TOKEN: TOKEN };
    const said = async (name: string) => (await run(process.execPath, [name], { cwd: folder, env })).stdout.trim();
    assert.equal(await said("ask.ts"), "you said: hello");
    assert.equal(await said("stream.ts"), "done true");
    assert.equal(await said("resume.ts"), "true");
    assert.equal(await said("errors.ts"), "session_not_found");
    assert.equal(await said("pair.ts"), "read write");
  });

  test("the client needs no other package and nothing of Node", async () => {
    const text = await readFile(join(folder, "node_modules/open-clanker/dist/client.js"), "utf8");
    assert.equal(/\b(import|require)\s*[({"']/.test(text.replaceAll(/^\/\/.*$/gm, "")), false);
    for (const missing of ["withResolvers", "process.", "Buffer", "node:"]) assert.equal(text.includes(missing), false, missing);
  });
});

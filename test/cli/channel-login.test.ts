/** From the command line through the gateway and its child to a phone: everything but baileys itself is real. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ANN_JID, type FakeLinked, startFakeLinked } from "../fakes/whatsapp/linked.ts";
import { createClanker, seen } from "./run-clanker.ts";

const clanker = createClanker();
let whatsapp: FakeLinked;
before(async () => {
  whatsapp = await startFakeLinked();
  const { document } = await clanker.json(["config", "path"]);
  mkdirSync(String(document["data"]), { recursive: true });
  writeFileSync(String(document["config"]), '[channels.whatsapp]\nmode = "linked"\nowner_ids = ["4917012345678"]\n');
  symlinkSync(whatsapp.folder, join(String(document["data"]), "libraries"));
  await clanker.startGateway();
});
after(async () => {
  await clanker.close();
  await whatsapp.stop();
});

const status = async () =>
  ((await clanker.json(["channels", "status", "whatsapp"])).document["channels"] as { state: string; detail?: string; identity?: string }[])[0]!;

test("sec-115 channels login draws the code in the terminal and ends when the phone has scanned it; its keys stand nowhere in clear, and logout forgets them", async () => {
  const login = clanker.spawn(["channels", "login", "whatsapp"]);
  let printed = "";
  login.stdout!.on("data", (bytes: Buffer) => void (printed += bytes.toString()));
  await whatsapp.until(() => whatsapp.sockets() === 1);
  whatsapp.qr("2@abcdefghijklmnopqrstuvwxyz,0123456789");
  await seen(login.stdout, "█");
  const ended = new Promise<number | null>((resolve) => void login.once("exit", resolve));
  await whatsapp.accept();
  assert.equal(await ended, 0);
  assert.match(printed, /whatsapp is linked as Clanker \+15550001111/);
  assert.deepEqual(await status(), { ...(await status()), state: "ready", identity: "Clanker +15550001111" });

  // The whole way of a message, and of its answer.
  whatsapp.say({ conversation: "hello there" });
  await whatsapp.until(() => whatsapp.standing(ANN_JID).length > 0);

  assertNoKeyInClear();
  const logout = await clanker.run(["channels", "logout", "whatsapp"]);
  assert.equal(logout.code, 0, logout.stderr);
  assert.match((await status()).detail ?? "", /no phone is linked/);
  assert.equal((await clanker.run(["channels", "logout", "whatsapp"])).code, 1);
});

test("a phone's number gets a code; a channel that is not linked from a phone says so", async () => {
  const login = clanker.spawn(["channels", "login", "whatsapp", "--phone", "+1 555 000-1111"]);
  const before = whatsapp.sockets();
  await whatsapp.until(() => whatsapp.sockets() > before);
  whatsapp.qr("2@unused");
  await seen(login.stdout, "ABCD-1234");
  login.kill("SIGTERM");
  const wrong = await clanker.run(["channels", "login", "telegram"]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /channel_not_found/);
});

/** In the data folder, the database and the log among it. */
function assertNoKeyInClear(): void {
  for (const entry of readdirSync(clanker.home, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.parentPath.includes("libraries")) continue;
    const bytes = readFileSync(join(entry.parentPath, entry.name));
    for (const canary of ["canary-noise-key", "canary-pre-key", "canary-private-key"]) {
      assert.ok(!bytes.includes(canary), entry.name);
      assert.ok(!bytes.includes(Buffer.from(canary).toString("base64").slice(0, -3)), entry.name);
    }
  }
}

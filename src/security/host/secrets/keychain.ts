import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { ConfigError } from "../../../core/errors.ts";

/** The keychain of the person who is logged in. */
export interface Keychain {
  get(name: string): Promise<string | undefined>;
  set(name: string, value: string): Promise<void>;
  remove(name: string): Promise<void>;
}

export interface FindKeychainOptions {
  readonly platform: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Two homes on one machine do not share secrets. */
  readonly folder: string;
}

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

type Run = (program: string, args: readonly string[], input?: string) => Promise<Ran>;

const TIMEOUT_MS = 5_000;
const SERVICE = "open-clanker";
/** What a child needs to find the session it belongs to; nothing else of the environment goes along. */
const SESSION = ["DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "HOME", "DISPLAY", "WAYLAND_DISPLAY"];
/** Exit code of `security` for an item that is not there (errSecItemNotFound). */
const MACOS_NOT_FOUND = 44;

/**
 * The keychain, if one answers: on Linux the Secret Service through `secret-tool` (libsecret), on macOS `security`. A locked one, one without a session and one whose
 * tool is not installed do not answer. Values go over stdin in base64url, never over the command line, where every process could read them.
 */
export async function findKeychain({ platform, env, folder }: FindKeychainOptions): Promise<Keychain | undefined> {
  const run = runner(env);
  const home = createHash("sha256").update(folder).digest("hex").slice(0, 16);
  if (platform === "darwin") return findMacos(run, `${SERVICE}-${home}`);
  if (platform !== "linux" || (env["DBUS_SESSION_BUS_ADDRESS"] ?? "") === "") return undefined;
  return findSecretService(run, home);
}

/** Manual page secret-tool(1): an item that is not there is exit code 1 and silence; a service that is not there is said on stderr. */
async function findSecretService(run: Run, home: string): Promise<Keychain | undefined> {
  const attributes = (name: string) => ["service", SERVICE, "home", home, "name", name];
  const probe = await run("secret-tool", ["lookup", ...attributes("-")]);
  if (probe.err.trim() !== "" || (probe.code !== 0 && probe.code !== 1)) return undefined;
  return {
    async get(name) {
      const { code, out, err } = await run("secret-tool", ["lookup", ...attributes(name)]);
      if (code === 1 && err.trim() === "") return undefined;
      return decode(code === 0 ? out : undefined);
    },
    async set(name, value) {
      requireDone(await run("secret-tool", ["store", `--label=Open Clanker: ${name}`, ...attributes(name)], encode(value)));
    },
    async remove(name) {
      const { code, err } = await run("secret-tool", ["clear", ...attributes(name)]);
      if (code !== 0 && !(code === 1 && err.trim() === "")) throw keychainSilent();
    },
  };
}

/** Manual page security(1). `-i` reads the command itself from stdin. */
async function findMacos(run: Run, service: string): Promise<Keychain | undefined> {
  const find = (name: string) => run("security", ["find-generic-password", "-s", service, "-a", name, "-w"]);
  const probe = await find("-");
  if (probe.code !== 0 && probe.code !== MACOS_NOT_FOUND) return undefined;
  const get = async (name: string) => {
    const { code, out } = await find(name);
    return code === MACOS_NOT_FOUND ? undefined : decode(code === 0 ? out : undefined);
  };
  return {
    get,
    async set(name, value) {
      // Names and base64url need no quotes.
      requireDone(await run("security", ["-i"], `add-generic-password -U -s ${service} -a ${name} -w ${encode(value)}\n`));
      // The interactive mode ends with 0 whatever its commands did.
      if ((await get(name)) !== value) throw keychainSilent();
    },
    async remove(name) {
      const { code } = await run("security", ["delete-generic-password", "-s", service, "-a", name]);
      if (code !== 0 && code !== MACOS_NOT_FOUND) throw keychainSilent();
    },
  };
}

export function keychainSilent(): ConfigError {
  return new ConfigError("keychain_silent", "the keychain that holds this secret does not answer", {
    hint: "unlock it, or set CLANKER_SECRET_KEY and store the secret again with: clanker secrets set NAME",
  });
}

const encode = (value: string) => Buffer.from(value, "utf8").toString("base64url");

function decode(text: string | undefined): string {
  if (text === undefined || !/^[A-Za-z0-9_-]+\s*$/.test(text)) throw keychainSilent();
  return Buffer.from(text.trim(), "base64url").toString("utf8");
}

function requireDone({ code }: Ran): void {
  if (code !== 0) throw keychainSilent();
}

/** Runs to the end or to the timeout; what cannot be started has the code null. */
function runner(env: FindKeychainOptions["env"]): Run {
  const own: Record<string, string> = { PATH: env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin" };
  for (const name of SESSION) if (env[name] !== undefined) own[name] = env[name];
  return (program, args, input = "") =>
    new Promise((resolve) => {
      const child = spawn(program, args, { env: own, stdio: ["pipe", "pipe", "pipe"], timeout: TIMEOUT_MS, killSignal: "SIGKILL" });
      const read = { out: "", err: "" };
      child.stdout.on("data", (chunk: Buffer) => (read.out += chunk.toString("utf8")));
      child.stderr.on("data", (chunk: Buffer) => (read.err += chunk.toString("utf8")));
      child.once("error", (error) => resolve({ code: null, out: "", err: error.message }));
      child.once("close", (code) => resolve({ code, ...read }));
      // A program that ends without reading.
      child.stdin.on("error", () => {});
      child.stdin.end(input);
    });
}

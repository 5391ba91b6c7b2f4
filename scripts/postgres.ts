/**
 * A PostgreSQL server for tests: the machine's own binaries on a throw-away cluster with fsync on.
 * `node scripts/postgres.ts --install` installs the package on Debian (as root).
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, globSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { Client } from "pg";

export interface TestPostgres {
  /** Of the database `postgres`; its user may create databases. */
  readonly url: string;
  /** A new, empty database on the server. @returns its url */
  database(name: string): Promise<string>;
  /** Ends every connection at once and starts the server again on the same port. */
  restart(): Promise<void>;
  /** Ends the server and removes its data. */
  stop(): Promise<void>;
}

/** Folder of initdb and postgres, newest version first; undefined when there is no server on this machine. */
export function postgresBinaries(): string | undefined {
  const byVersion = (path: string) => Number(path.split("/")[4]);
  return globSync("/usr/lib/postgresql/*/bin")
    .filter((path) => existsSync(join(path, "initdb")))
    .toSorted((a, b) => byVersion(b) - byVersion(a))[0];
}

/** @throws Error when no binaries are found or the server does not start. */
export async function startPostgres(): Promise<TestPostgres> {
  const binaries = postgresBinaries();
  if (binaries === undefined) throw new Error("no PostgreSQL server on this machine; as root: node scripts/postgres.ts --install");
  const folder = mkdtempSync(join(tmpdir(), "clanker-postgres-"));
  const user = unprivileged(folder);
  const port = await freePort();
  try {
    execFileSync(join(binaries, "initdb"), ["-D", join(folder, "data"), "-U", "clanker", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"], {
      stdio: "pipe",
      cwd: folder,
      ...user,
    });
    const url = `postgres://clanker@127.0.0.1:${port}/postgres`;
    let server = await boot(binaries, { folder, port, url, user });
    return {
      url,
      async database(name) {
        await query(url, `CREATE DATABASE "${name}"`);
        return url.replace(/postgres$/, name);
      },
      async restart() {
        await server.end("SIGINT");
        server = await boot(binaries, { folder, port, url, user });
      },
      async stop() {
        await server.end("SIGQUIT");
        rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

interface Cluster {
  readonly folder: string;
  readonly port: number;
  readonly url: string;
  readonly user: { uid?: number; gid?: number };
}

async function boot(binaries: string, { folder, port, url, user }: Cluster): Promise<{ end(signal: NodeJS.Signals): Promise<void> }> {
  const settings = ["listen_addresses=127.0.0.1", `port=${port}`, `unix_socket_directories=${folder}`, "fsync=on", "max_connections=60", "shared_buffers=32MB"];
  const args = ["-D", join(folder, "data"), ...settings.flatMap((setting) => ["-c", setting])];
  const server = spawn(join(binaries, "postgres"), args, { stdio: ["ignore", "ignore", "pipe"], cwd: folder, ...user });
  let log = "";
  server.stderr.on("data", (chunk) => (log = (log + String(chunk)).slice(-4000)));
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  // A test run that dies must not leave a server behind.
  const kill = () => server.kill("SIGQUIT");
  process.once("exit", kill);
  for (let tries = 0; ; tries += 1) {
    if (server.exitCode !== null || tries > 300) {
      kill();
      throw new Error(`PostgreSQL did not start:\n${log}`);
    }
    try {
      await query(url, "SELECT 1");
      break;
    } catch {
      await wait(50);
    }
  }
  return {
    async end(signal) {
      process.off("exit", kill);
      server.kill(signal);
      await ended;
    },
  };
}

/** PostgreSQL refuses to run as root: then it runs as `postgres` or `nobody`, and the folder is theirs. */
function unprivileged(folder: string): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  for (const name of ["postgres", "nobody"]) {
    const found = spawnSync("id", ["-u", name], { encoding: "utf8" });
    if (found.status !== 0) continue;
    const uid = Number(found.stdout);
    const gid = Number(execFileSync("id", ["-g", name], { encoding: "utf8" }));
    chownSync(folder, uid, gid);
    chmodSync(folder, 0o700);
    return { uid, gid };
  }
  return {};
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

async function query(connectionString: string, sql: string): Promise<void> {
  const client = new Client({ connectionString, connectionTimeoutMillis: 2000 });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query(sql);
  } finally {
    await client.end();
  }
}

if (import.meta.main && process.argv.includes("--install") && postgresBinaries() === undefined) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  execFileSync("apt-get", ["update", "-q"], { stdio: "inherit", env });
  execFileSync("apt-get", ["install", "-y", "-q", "--no-install-recommends", "postgresql"], { stdio: "inherit", env });
}

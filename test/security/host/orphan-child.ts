/** A gateway that starts two programs and is then killed: `orphan-child.ts FOLDER WORKSPACE MARK`. */
import { silentLog } from "../../../src/core/log.ts";
import { createProcesses } from "../../../src/security/host/processes/index.ts";
import { LIMITS } from "./sandbox-home.ts";

const [folder = "", workspace = "", mark = ""] = process.argv.slice(2);
const processes = createProcesses({
  sandbox: { backend: "bubblewrap", image: "none" },
  limits: LIMITS,
  dataFolder: `${folder}/data`,
  configFolder: folder,
  containerEnv: {},
  log: silentLog,
});
const script = `(setsid sleep ${mark} > /dev/null 2>&1 &); echo up; sleep ${mark}`;
for (const profile of ["sandbox", "host"] as const) {
  const started = await processes.start("s", { program: { kind: "script", script }, profile, workspace });
  let seen = "";
  while (!seen.includes("up\n")) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    seen += started.poll();
  }
  process.stdout.write("up\n");
}

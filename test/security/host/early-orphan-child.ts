/** A gateway that is killed while a sandbox of its own sets up: `early-orphan-child.ts FOLDER WORKSPACE MARK MILLISECONDS`. */
import { silentLog } from "../../../src/core/log.ts";
import { createProcesses } from "../../../src/security/host/processes/index.ts";
import { LIMITS } from "./sandbox-home.ts";

const [folder = "", workspace = "", mark = "", milliseconds = "0"] = process.argv.slice(2);
const processes = createProcesses({
  sandbox: { backend: "bubblewrap", image: "none" },
  limits: LIMITS,
  dataFolder: `${folder}/data`,
  configFolder: folder,
  containerEnv: {},
  log: silentLog,
});
await processes.availability("sandbox");
await processes.start("s", { program: { kind: "argv", argv: ["sleep", mark] }, profile: "sandbox", workspace });
// The process has been started and nothing has been waited for since.
const until = performance.now() + Number(milliseconds);
while (performance.now() < until);
process.kill(process.pid, "SIGKILL");

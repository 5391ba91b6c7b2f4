/** Runs the escape suite as whoever it is started as, and prints what came of it. */
import { runEscapeSuite } from "../../../src/security/host/processes/index.ts";
import { openSandboxHome } from "./sandbox-home.ts";

await using home = await openSandboxHome();
const outcomes = await runEscapeSuite({ processes: home.processes, folder: home.folder });
process.stdout.write(JSON.stringify({ uid: process.getuid?.(), outcomes }));

/** The one door to other programs (house.md section 5), behind the port of core/processes.ts. */
export { createProcesses, type ProcessesOptions } from "./create-processes.ts";
export { runEscapeSuite, type EscapeOutcome } from "./escape-suite.ts";
export { createPrograms } from "./start-program.ts";
export { startCompanion } from "./start-companion.ts";

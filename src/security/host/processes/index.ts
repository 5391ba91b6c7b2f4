/** The one door to other programs (house.md section 5), behind the port of core/processes.ts. */
export { createProcesses, type ProcessesOptions } from "./create-processes.ts";
export { runEscapeSuite, type EscapeOutcome } from "./escape-suite.ts";
<<<<<<< HEAD
export { createPrograms } from "./start-program.ts";
=======
export { startCompanion } from "./start-companion.ts";
>>>>>>> d6184c771baab5fda7c8a9eb255749f9cf02c712

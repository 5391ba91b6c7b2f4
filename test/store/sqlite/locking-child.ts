/** Takes the home lock of the folder in its argument and keeps it until it is killed. */
import { acquireHomeLock } from "../../../src/store/sqlite/index.ts";

acquireHomeLock(process.argv[2]!);
process.stdout.write("locked\n");
setInterval(() => {}, 1000);

/** Takes the home lock of the folder in its argument and keeps it until it is killed. */
import { acquireHomeLock } from "../../../src/store/sqlite/index.ts";

acquireHomeLock(process.argv[2]!);
// A lock that nobody refers to holds all the same.
globalThis.gc?.();
process.stdout.write("locked\n");
setInterval(() => {}, 1000);

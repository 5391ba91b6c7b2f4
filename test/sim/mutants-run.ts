/** What catches which mutant: `node test/sim/mutants-run.ts [--only TEXT] [--lenient]`. `--lenient` leaves out the check of the store's own contract. */
import { parseArgs } from "node:util";
import { hunt, MUTANTS } from "./mutants.ts";

const { values } = parseArgs({ options: { only: { type: "string", default: "" }, lenient: { type: "boolean", default: false } } });
let survivors = 0;
for (const mutant of MUTANTS.filter(({ name }) => name.includes(values.only))) {
  const begun = performance.now();
  const caught = await hunt(mutant, { lenient: values.lenient });
  if (caught === undefined) survivors += 1;
  console.log(`${caught === undefined ? "SURVIVES" : "caught"}  ${mutant.name}  ${caught ?? ""}  ${((performance.now() - begun) / 1000).toFixed(1)} s`);
}
process.exitCode = survivors > 0 ? 1 : 0;

/** Which seed catches which mutant: `node test/sim/mutants-run.ts [--seeds 20] [--first 1] [--steps 20000] [--lenient] [--only TEXT]`. */
import { parseArgs } from "node:util";
import { MUTANTS } from "./mutants.ts";
import { runWorld } from "./world.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "20" },
    first: { type: "string", default: "1" },
    only: { type: "string", default: "" },
    steps: { type: "string", default: "20000" },
    lenient: { type: "boolean", default: false },
  },
});
let survivors = 0;
for (const { name, mutation } of MUTANTS.filter((mutant) => mutant.name.includes(values.only))) {
  let caught = "";
  const first = Number(values.first);
  for (let seed = first; caught === "" && seed < first + Number(values.seeds); seed += 1) {
    const { violations } = await runWorld(seed, { mutation, lenient: values.lenient, steps: Number(values.steps) });
    if (violations[0]) caught = `seed ${seed}: ${violations[0].promise}: ${violations[0].text}`;
  }
  if (caught === "") survivors += 1;
  console.log(`${caught === "" ? "SURVIVES" : "caught"}  ${name}  ${caught}`);
}
process.exitCode = survivors > 0 ? 1 : 0;

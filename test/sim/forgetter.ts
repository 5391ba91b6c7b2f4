import type { SimWorld } from "./sim-world.ts";

const PAUSE_MS = { least: 60_000, most: 900_000 };
const TRIES = 4;
const AGAIN_MS = 3_000;

/** The owner has one of the others forgotten now and then. */
export function createForgetter(world: SimWorld): { start(): void; stop(): void } {
  let over = false;
  const next = () => void world.timeline.after(world.between(PAUSE_MS.least, PAUSE_MS.most), undefined, "forget", forget);
  const forget = () => {
    if (over) return;
    forgetSomebody(world);
    next();
  };
  return {
    start: () => void (world.climate.forgets && next()),
    stop: () => void (over = true),
  };
}

export function forgetSomebody(world: SimWorld): void {
  const people = world.watch.rows<{ person_id: string }>("SELECT person_id FROM identities WHERE sender_id IN ('2', '7') ORDER BY sender_id");
  if (people.length > 0) attempt(world, world.pick(people).person_id, TRIES);
}

/** Whoever is busy is tried again. */
function attempt(world: SimWorld, person: string, left: number): void {
  if (left === 0) return;
  const again = () => void world.timeline.after(AGAIN_MS, undefined, "forget again", () => attempt(world, person, left - 1));
  const [life] = world.ready();
  if (life === undefined) return again();
  life.hall!.purge(person).catch(again);
}

/** Whoever makes, changes, runs and removes scheduled work at the page, and at the end switches all of it off. */
import type { JobInput, JobMaker, Jobs } from "../../src/core/jobs.ts";
import { labelOf, type Principal } from "../../src/core/principal.ts";
import { CHANNEL } from "./sim-channel.ts";
import { cronConfigOf } from "./gateway.ts";
import type { Life, SimWorld } from "./sim-world.ts";
import { HEARTBEAT } from "./watch-jobs.ts";

/** More would drown what people say. */
const MOST_JOBS = 4;
/** In a busy world they are busy too. */
const LOOK_MS = { least: 2_000, most: 120_000 };

export function createKeeper(world: SimWorld): { start(): void; stop(): void } {
  let over = false;
  const least = Math.min(LOOK_MS.most, Math.max(LOOK_MS.least, 10 * world.climate.gapMs));
  const keep = () => {
    const [life] = world.ready();
    // The answer may never come: whoever is asked may die.
    if (life?.jobs !== undefined) void (over ? switchOff(world, life) : doSomething(world, life.jobs.room())).catch(() => {});
    // Two pages at once.
    if (life?.jobs !== undefined && !over && world.strikes(0.4)) void doSomething(world, life.jobs.room()).catch(() => {});
    if (over && isQuiet(world)) return;
    const pause = world.between(least, 3 * least);
    world.timeline.after(over ? 2_000 : pause, undefined, "jobs page", keep);
  };
  return {
    start: () => void (world.climate.jobs && keep()),
    stop: () => void (over = true),
  };
}

interface Known {
  readonly id: string;
  readonly enabled: number;
  readonly person: string;
  readonly reminder: number;
}

function jobsOf(world: SimWorld): Known[] {
  return world.watch.rows<Known>(
    "SELECT id, enabled, person, json_extract(body, '$.payload.kind') = 'reminder' AS reminder FROM jobs WHERE id <> ? ORDER BY created_at, id",
    HEARTBEAT,
  );
}

/** Nothing is due by itself any more. */
function isQuiet(world: SimWorld): boolean {
  return world.watch.rows("SELECT 1 FROM jobs WHERE enabled = 1 LIMIT 1").length === 0;
}

/** A heartbeat goes with a change of the config, which every running process reads; one that starts later has read it. */
async function switchOff(world: SimWorld, { jobs }: Life): Promise<void> {
  for (const { id, enabled } of jobsOf(world)) if (enabled === 1) await jobs!.room().edit(id, { enabled: false }, OWNER);
  if (world.climate.heartbeat && !isQuiet(world)) for (const life of world.ready()) await life.jobs!.replace(cronConfigOf(world));
}

async function doSomething(world: SimWorld, jobs: Jobs): Promise<void> {
  const known = jobsOf(world);
  if (known.length === 0 || (known.length < MOST_JOBS && world.strikes(0.4))) return void (await jobs.add(inputOf(world), makerOf(world)));
  const { id, enabled, reminder } = world.pick(known);
  switch (world.pick(["run", "run", "schedule", "switch", "rename", "remove", "remove"])) {
    case "run":
      return void (await jobs.run(id, OWNER.principal));
    case "schedule":
      return void (await jobs.edit(id, { schedule: scheduleOf(world) }, OWNER));
    case "switch":
      return void (await jobs.edit(id, { enabled: enabled === 0 }, OWNER));
    case "rename":
      return void (await jobs.edit(id, { name: world.fresh("job"), ...(reminder === 0 && { text: textOf(world) }) }, OWNER));
    default:
      return await jobs.remove(id, OWNER.principal);
  }
}

/** Everything that a job may be, but what would cost the others their time. */
function inputOf(world: SimWorld): JobInput {
  const common: JobInput = {
    schedule: scheduleOf(world),
    catchUp: world.pick(["skip", "once", "all"]),
    catchUpLimit: world.pick([1, 3, 10]),
    maxDelayMs: world.pick([0, 0, 180_000]),
    deliver: world.pick([undefined, { channel: CHANNEL, account: "default", conversation: "1" }]),
  };
  if (world.strikes(0.3)) return { ...common, kind: "reminder", text: `${world.fresh("rem")} now` };
  return { ...common, kind: "message", text: textOf(world), session: world.pick(["own", "own", "fresh"]), ...(world.strikes(0.3) && { deliver: "quiet" }) };
}

function scheduleOf(world: SimWorld): NonNullable<JobInput["schedule"]> {
  const minutes = world.pick([1, 2, 5, 10, 15]);
  switch (world.pick(["every", "every", "cron", "at"])) {
    case "every":
      return { every: `${Math.round(world.between(40, 900))}s` };
    case "cron":
      return { cron: `*/${minutes} * * * *` };
    default:
      return { at: `${minutes}m` };
  }
}

function textOf(world: SimWorld): string {
  return `${world.fresh("m")} ${world.pick(["", "", "slowly", "tool", "tools", "long"])}`.trim();
}

const OWNER: JobMaker = makerFor({ person: "owner", class: "owner", where: at("1"), direct: true, sender: "1" });

/** The owner, or the one who is trusted, once they have said something. */
function makerOf(world: SimWorld): JobMaker {
  const [other] = world.watch.rows<{ person_id: string }>("SELECT person_id FROM identities WHERE channel = ? AND sender_id = '2'", CHANNEL);
  if (other === undefined || world.strikes(0.7)) return OWNER;
  return makerFor({ person: other.person_id, class: "trusted", where: at("2"), direct: true, sender: "2" });
}

function makerFor(principal: Principal): JobMaker {
  return { principal, label: labelOf(principal) };
}

function at(conversation: string): Principal["where"] {
  return { channel: CHANNEL, account: "default", conversation };
}

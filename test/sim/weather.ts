import type { SimWorld } from "./sim-world.ts";

/** How often the weather may change, simulated milliseconds. */
const TICK_MS = 20_000;
const TICKS_PER_HOUR = 3600_000 / TICK_MS;

/** What happens to the world as a whole: processes that stand still or are restarted, a full disk, a platform or models that are away, a wall clock that jumps. */
export function startWeather(world: SimWorld): () => void {
  const happens = (perHour: number) => world.strikes(perHour / TICKS_PER_HOUR);
  const during = (ms: number, begin: () => void, end: () => void) => {
    begin();
    world.timeline.after(ms, undefined, "weather ends", end);
  };
  let over = false;
  const tick = () => {
    if (over) return;
    const { faults } = world;
    const lives = world.ready();
    if (lives.length > 0 && happens(faults.freezesPerHour)) world.pick(lives).frozenUntil = world.timeline.now + world.between(500, 40_000);
    if (lives.length > 0 && happens(faults.restartsPerHour)) world.pick(lives).stop();
    if (happens(faults.diskFullPerHour))
      during(
        world.between(200, 60_000),
        () => (world.diskFull = true),
        () => (world.diskFull = false),
      );
    if (happens(faults.platformDownPerHour))
      during(
        world.between(1_000, 120_000),
        () => (world.platform.down = true),
        () => (world.platform.down = false),
      );
    if (happens(faults.modelOutagesPerHour))
      for (const provider of world.pick([["one"], ["two"], ["one", "two"], ["one", "two"]])) world.startOutage(provider, world.between(5_000, 1_200_000));
    if (happens(faults.wallJumpsPerHour)) {
      world.wallJump = Math.round(Math.max(-1_800_000, Math.min(1_800_000, world.wallJump + world.between(-600_000, 600_000))));
      world.wallHasJumped = true;
      world.watch.wallJumped();
    }
    world.timeline.after(TICK_MS, undefined, "weather", tick);
  };
  tick();
  return () => (over = true);
}

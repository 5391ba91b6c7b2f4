/**
 * A simulated world: one or two gateways with the real hall, a disk, a messenger, people, and faults chosen by the seed. The world is a queue ordered by (time, seeded tie,
 * number); between two steps all microtasks run. The same seed gives the same trace on the same commit and Node, bit for bit.
 */
import { createHash } from "node:crypto";
import type { Random } from "../../src/core/random.ts";
import { createSeededRandom } from "../fakes/seeded-random.ts";
import { CALM, climateOf, type Climate, type Faults } from "./climate.ts";
import { restartPause, startGateway } from "./gateway.ts";
import type { Life, SimWorld } from "./sim-world.ts";
import { createPeople, type People } from "./people.ts";
import { Platform } from "./platform.ts";
import { SimDatabase, type Mutation } from "./sim-database.ts";
import { Timeline, type Owner } from "./timeline.ts";
import { Watch, type Violation } from "./watch.ts";
import { startWeather } from "./weather.ts";

/** Wall time at which every world begins: 2026-01-01T00:00:00Z. */
const START = Date.UTC(2026, 0, 1);
const DAY_MS = 24 * 3600_000;
/** How long a calm world may take to come to rest. */
const REST_MS = 2 * 3600_000;
const LOOK_MS = 10_000;
const CHECK_STEPS = 500;
const RECENT = 400;

export interface WorldOptions {
  /** A world lives for so many steps or a day, whichever is first; then it comes to rest. Default 20,000. */
  readonly steps?: number;
  readonly mutation?: Mutation;
  /** Without the check of the store's own contract: only what people and platforms can see. */
  readonly lenient?: boolean;
  /** Instead of what the seed has chosen. */
  readonly faults?: Partial<Faults>;
  readonly climate?: Partial<Climate>;
  /** Keeps the whole trace instead of its end. */
  readonly keepTrace?: boolean;
}

export interface WorldReport {
  readonly seed: number;
  readonly climate: Climate;
  /** SHA-256 of everything that happened. */
  readonly hash: string;
  readonly violations: readonly Violation[];
  readonly steps: number;
  /** Simulated milliseconds. */
  readonly lived: number;
  readonly counts: Readonly<Record<string, number>>;
  /** The last lines of the trace, or all of them. */
  readonly recent: readonly string[];
}

export class World implements SimWorld {
  readonly seed: number;
  readonly climate: Climate;
  readonly timeline: Timeline;
  readonly platform = new Platform();
  readonly database: SimDatabase;
  readonly watch: Watch;
  readonly lives = new Map<string, Life>();
  faults: Readonly<Faults>;
  diskFull = false;
  wallJump = 0;
  wallHasJumped = false;
  heartbeat: boolean;
  readonly tears: number;
  deaths = 0;
  powerCuts = 0;
  readonly #random: Random;
  readonly #people: People;
  readonly #outages = new Map<string, number>();
  readonly #hash = createHash("sha256");
  readonly #kept: number;
  #lines: string[] = [];
  #recent: string[] = [];
  #fresh = 0;
  #steps = 0;
  #starts = 0;

  constructor(seed: number, { mutation = {}, lenient = false, keepTrace = false, faults = {}, climate: chosen = {} }: WorldOptions) {
    this.#kept = keepTrace ? Number.MAX_SAFE_INTEGER : RECENT;
    this.seed = seed;
    this.#random = createSeededRandom(seed);
    const climate = climateOf(this.#random, createSeededRandom(seed + 0x5ab1ec7));
    const lived = { ...climate, ...chosen };
    // Another gateway on the same database keeps in its caches what it has read of somebody, until there is a bus that tells it to forget.
    this.climate = { ...lived, gateways: lived.forgets ? 1 : lived.gateways, faults: { ...climate.faults, ...faults } };
    this.faults = this.climate.faults;
    this.heartbeat = this.climate.heartbeat;
    this.timeline = new Timeline(createSeededRandom(seed + 0x5eed));
    this.database = new SimDatabase(mutation);
    this.tears = mutation.torn === undefined ? 0 : 0.3;
    this.watch = new Watch(this, lenient);
    this.#people = createPeople(this);
  }

  /** Lives until the end of its steps, then until rest. */
  async run(steps: number): Promise<WorldReport> {
    for (const name of ["a", "b"].slice(0, this.climate.gateways)) this.#begin(name);
    this.#people.start();
    const endWeather = startWeather(this);
    await this.#until(() => this.#steps >= steps || this.timeline.now >= DAY_MS);
    endWeather();
    this.#people.stop();
    this.#calm();
    let limit = this.timeline.now + REST_MS;
    let look = 0;
    let atRest = false;
    await this.#until(() => {
      if (this.timeline.now < look) return this.timeline.now >= limit;
      look = this.timeline.now + LOOK_MS;
      if (atRest) return true;
      atRest = this.watch.isAtRest();
      // A little longer: what comes late must not change anything.
      if (atRest) limit = look + 6 * LOOK_MS;
      return this.timeline.now >= limit;
    });
    if (this.watch.violations.length === 0) this.watch.settled();
    this.#flush();
    for (const life of this.lives.values()) life.dead = true;
    this.database.close();
    return {
      seed: this.seed,
      climate: this.climate,
      hash: this.#hash.digest("hex"),
      violations: this.watch.violations,
      steps: this.#steps,
      lived: this.timeline.now,
      counts: { deaths: this.deaths, powerCuts: this.powerCuts, ...this.watch.allCounts() },
      recent: this.#recent,
    };
  }

  strikes(chance: number): boolean {
    return chance > 0 && this.#random.number() < chance;
  }

  between(least: number, most: number): number {
    return least + (most - least) * this.#random.number();
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random.number() * list.length)]!;
  }

  fresh(prefix: string): string {
    this.#fresh += 1;
    return `${prefix}${this.#fresh}`;
  }

  wall(): number {
    return START + Math.floor(this.timeline.now) + this.wallJump;
  }

  /** Whether nobody answers at this provider, until when it is. */
  outage(provider: string): boolean {
    return (this.#outages.get(provider) ?? 0) > this.timeline.now;
  }

  startOutage(provider: string, ms: number): void {
    this.#outages.set(provider, this.timeline.now + ms);
  }

  /** What everybody may replay: neither stacks nor paths nor real time. */
  trace(owner: Owner | undefined, text: string): void {
    this.#lines.push(`${this.timeline.now.toFixed(3)} ${owner?.name ?? "-"} ${text}`);
    if (this.#lines.length >= RECENT) this.#flush();
  }

  /** Resolves after `ms`, for a process that lives then. */
  pause(owner: Owner, ms: number, label: string): Promise<void> {
    return new Promise((resolve) => void this.timeline.after(ms, owner, label, resolve));
  }

  /** A request over the network: what it does there happens though its sender may be dead by then; the answer reaches only a living one. */
  call<T>(owner: Owner, label: string, effect: () => T): Promise<T> {
    if (owner.dead) return new Promise(() => {});
    return new Promise((resolve, reject) => {
      this.timeline.after(this.between(1, 120), this.strikes(0.5) ? owner : undefined, label, () => {
        this.trace(owner, label);
        try {
          const answer = effect();
          this.timeline.after(this.between(1, 120), owner, `${label} answered`, () => resolve(answer));
        } catch (error) {
          this.timeline.after(this.between(1, 120), owner, `${label} refused`, () => reject(error as Error));
        }
      });
    });
  }

  /** Kill -9 of one process, or a power cut for all of them. */
  die(owner: Owner): void {
    if (owner.dead) return;
    const powerCut = this.strikes(this.climate.faults.powerCut);
    const dying = [...this.lives.values()].filter((life) => !life.dead && (powerCut || life.name === owner.name));
    for (const life of dying) life.dead = true;
    this.trace(owner, powerCut ? "power cut" : "dies");
    this.deaths += dying.length;
    if (powerCut) {
      this.powerCuts += 1;
      this.watch.powerLost(this.database.powerLoss(this.#random));
    }
    for (const life of dying) this.#beginLater(life);
  }

  /** A process that has ended by itself. */
  end(life: Life): void {
    if (life.dead) return;
    life.dead = true;
    this.#beginLater(life);
  }

  /** Those that could take a request now. */
  ready(): Life[] {
    return [...this.lives.values()].filter((life) => !life.dead && !life.stopping && life.hall !== undefined && life.frozenUntil <= this.timeline.now);
  }

  #begin(name: string): void {
    this.#starts += 1;
    this.lives.set(name, startGateway(this, name, this.#starts));
  }

  #beginLater(life: Life): void {
    const name = life.name.slice(0, 1);
    this.timeline.after(restartPause(this), undefined, "start", () => this.#begin(name));
  }

  #calm(): void {
    this.trace(undefined, "calm");
    this.faults = CALM;
    this.diskFull = false;
    this.heartbeat = false;
    this.platform.down = false;
    this.#outages.clear();
    for (const life of this.lives.values()) life.frozenUntil = 0;
  }

  /** One step at a time; setImmediate comes when no microtask is left. */
  #until(done: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = () => {
        try {
          if (this.watch.violations.length > 0 || done()) return resolve();
          const step = this.timeline.next();
          if (step === undefined) return resolve();
          this.#steps += 1;
          if (this.#steps % CHECK_STEPS === 0) this.watch.check();
          if (step.owner && this.strikes(this.faults.crashBetween)) this.die(step.owner);
          else {
            this.trace(step.owner, step.label);
            step.run();
          }
          setImmediate(go);
        } catch (error) {
          reject(error as Error);
        }
      };
      go();
    });
  }

  #flush(): void {
    this.#hash.update(this.#lines.join("\n"));
    this.#recent = [...this.#recent, ...this.#lines].slice(-this.#kept);
    this.#lines = [];
  }
}

/** Lives one seed to its end. */
export async function runWorld(seed: number, options: WorldOptions = {}): Promise<WorldReport> {
  const world = new World(seed, options);
  const rejected = (reason: unknown) => world.watch.broken("P5", `unhandled rejection: ${reason instanceof Error ? reason.message : String(reason)}`);
  process.on("unhandledRejection", rejected);
  try {
    return await world.run(options.steps ?? 20_000);
  } finally {
    process.off("unhandledRejection", rejected);
  }
}

/** What the parts of the simulated world know of each other. */
import type { Receipt, SendTarget } from "../../src/core/channel.ts";
import type { Clock } from "../../src/core/clock.ts";
import type { Event } from "../../src/core/event.ts";
import type { ModelRequest } from "../../src/core/model.ts";
import type { Store } from "../../src/core/store.ts";
import type { MessageUpdate } from "../../src/core/update.ts";
import type { LiveJobs } from "../../src/app/open-jobs.ts";
import type { Hall } from "../../src/turn/hall.ts";
import type { Climate, Faults } from "./climate.ts";
import type { Pending, Platform, Shown } from "./platform.ts";
import type { SimDatabase, Work } from "./sim-database.ts";
import type { Owner, Timeline } from "./timeline.ts";

/** The clock of one process. */
export interface SimClock extends Clock {
  /** Timers that are set. */
  pending(): number;
}

/** One life of a gateway. */
export interface Life extends Owner {
  readonly clock: SimClock;
  readonly store: Store;
  hall: Hall | undefined;
  jobs: LiveJobs | undefined;
  stopping: boolean;
  /** A graceful stop. */
  stop(): void;
}

/** Who is told what happens, and holds it against the promises. */
export interface Watcher {
  /** Requests of programs. */
  readonly asked: readonly Pending[];
  broken(promise: string, text: string): void;
  committed(owner: Owner, work: Work): void;
  published(owner: Owner, event: Event): void;
  thinks(owner: Owner, request: ModelRequest): void;
  /** @param sessionId whose running turn has killed its process. */
  poisoned(sessionId: string): void;
  asks(nonce: string): void;
  /** Waits stand in wall time: a jump moves them. */
  wallJumped(): void;
  sent(owner: Owner, shown: Shown, repeated: boolean): void;
  edited(receipt: Receipt, text: string, target: SendTarget): void;
  ran(owner: Owner, name: string, id: string): void;
  asking(update: MessageUpdate): Pending;
  /** A poll's offset confirms what is below it. */
  confirmed(offset: number): void;
  acknowledged(pending: Pending): void;
  openTurns(): number;
  rows<T>(sql: string, ...params: (string | number)[]): T[];
}

export interface SimWorld {
  readonly seed: number;
  readonly climate: Climate;
  readonly timeline: Timeline;
  readonly platform: Platform;
  readonly database: SimDatabase;
  readonly watch: Watcher;
  readonly lives: ReadonlyMap<string, Life>;
  readonly faults: Readonly<Faults>;
  diskFull: boolean;
  /** Milliseconds by which the wall clock stands wrong. */
  wallJump: number;
  /** Ever. */
  wallHasJumped: boolean;
  strikes(chance: number): boolean;
  between(least: number, most: number): number;
  pick<T>(list: readonly T[]): T;
  fresh(prefix: string): string;
  wall(): number;
  /** Whether nobody answers at this provider now. */
  outage(provider: string): boolean;
  /** Whether the config wants a heartbeat; it is switched off in the end. */
  heartbeat: boolean;
  startOutage(provider: string, ms: number): void;
  trace(owner: Owner | undefined, text: string): void;
  pause(owner: Owner, ms: number, label: string): Promise<void>;
  call<T>(owner: Owner, label: string, effect: () => T): Promise<T>;
  die(owner: Owner): void;
  end(life: Life): void;
  /** Those that could take a request now. */
  ready(): Life[];
}

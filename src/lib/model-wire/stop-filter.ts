/** Stop sequences for wires that have none: text behind the first one that occurs is dropped. */
export class StopFilter {
  readonly #stops: readonly string[];
  readonly #held: number;
  #buffer = "";
  #stopped = false;

  constructor(stops: readonly string[] = []) {
    this.#stops = stops.filter((stop) => stop !== "");
    this.#held = Math.max(0, ...this.#stops.map((stop) => stop.length - 1));
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** @returns what may be shown: all but an end that may be the beginning of a stop sequence. */
  push(delta: string): string {
    if (this.#stops.length === 0) return delta;
    if (this.#stopped) return "";
    this.#buffer += delta;
    const at = Math.min(...this.#stops.map((stop) => this.#buffer.indexOf(stop)).map((found) => (found === -1 ? Infinity : found)));
    this.#stopped = at !== Infinity;
    const shown = this.#stopped ? at : Math.max(0, this.#buffer.length - this.#held);
    const text = this.#buffer.slice(0, shown);
    this.#buffer = this.#stopped ? "" : this.#buffer.slice(shown);
    return text;
  }

  /** What was held back, once no more text comes. */
  flush(): string {
    const text = this.#buffer;
    this.#buffer = "";
    return text;
  }
}

/** A bounded memory of events, by their ids: what only the event itself says is needed later, when another one names it. */
export class Recent<T> {
  readonly #known = new Map<string, T>();
  readonly #room: number;

  constructor(room: number) {
    this.#room = room;
  }

  get(id: string): T | undefined {
    return this.#known.get(id);
  }

  set(id: string, value: T): void {
    this.#known.delete(id);
    this.#known.set(id, value);
    if (this.#known.size > this.#room) this.#known.delete(this.#known.keys().next().value!);
  }

  has(id: string): boolean {
    return this.#known.has(id);
  }
}

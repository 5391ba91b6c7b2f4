/** How far what came in is stored, in order: the server may be told of no more, because it forgets what it was told of (XEP-0198). */
export class Handled {
  #open: { done: boolean }[] = [];
  #count = 0;

  /** Stanzas of this session that are handled, and so are all before them. */
  get count(): number {
    return this.#count;
  }

  /** A new session: both sides count from nought. */
  begin(): void {
    this.#open = [];
    this.#count = 0;
  }

  /** The connection is over: what was not handled on it comes again. */
  lose(): void {
    this.#open = [];
  }

  /** One has come in. @returns what is to be called once it is stored, or is nothing to store */
  came(): () => void {
    const one = { done: false };
    const open = this.#open;
    open.push(one);
    return () => {
      one.done = true;
      while (open[0]?.done === true) {
        open.shift();
        // One of a connection that is over comes again.
        if (open === this.#open) this.#count += 1;
      }
    };
  }
}

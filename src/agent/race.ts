/** The value that `race` rejects with when its signal aborts. */
export class Aborted extends Error {
  constructor() {
    super("aborted");
    this.name = "Aborted";
  }
}

/**
 * Waits for `work` or for the abort of `signal`, whichever is first: the way to leave work that does not listen to its own signal.
 * @throws Aborted when the signal aborts first, whatever the work threw otherwise. A later failure of abandoned work is nobody's business any more.
 */
export async function race<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let leave = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    leave = () => reject(new Aborted());
  });
  if (signal.aborted) leave();
  else signal.addEventListener("abort", leave, { once: true });
  try {
    return await Promise.race([aborted, work]);
  } finally {
    signal.removeEventListener("abort", leave);
  }
}

/** A controller that aborts with `signal`; `unlink` lets go of it. */
export function linkedController(signal: AbortSignal): { controller: AbortController; unlink: () => void } {
  const controller = new AbortController();
  const follow = () => controller.abort();
  if (signal.aborted) follow();
  else signal.addEventListener("abort", follow, { once: true });
  return { controller, unlink: () => signal.removeEventListener("abort", follow) };
}

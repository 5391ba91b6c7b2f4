/**
 * SIGHUP: reads the config again. Of a terminal that is being closed it means that nobody is there any more, so there it ends the program as it always has.
 * @returns the function that ends it.
 */
export function onHangup(reload: () => unknown): () => void {
  if (process.stdin.isTTY) return () => {};
  process.on("SIGHUP", reload);
  return () => void process.off("SIGHUP", reload);
}

/** @returns why, once SIGTERM, SIGINT or the signal asks for it; a second SIGTERM or SIGINT ends the program as always. */
export function stopRequested(signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    const stop = (reason: string) => {
      process.off("SIGTERM", stop);
      process.off("SIGINT", stop);
      resolve(reason);
    };
    process.once("SIGTERM", stop);
    process.once("SIGINT", stop);
    const abort = () => stop(typeof signal.reason === "string" ? signal.reason : "signal");
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
  });
}

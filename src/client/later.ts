/** A promise that is settled from outside (`Promise.withResolvers`, which React Native's engine does not have). */
export interface Later<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: Error): void;
}

export function later<T>(): Later<T> {
  let settle: Pick<Later<T>, "resolve" | "reject"> | undefined;
  const promise = new Promise<T>((resolve, reject) => (settle = { resolve, reject }));
  return { promise, ...settle! };
}

import { startHelper, type Helper } from "../processes.ts";

/** Two processes of clients: one alone would be what is measured. */
export async function withCrowd<T>(act: (crowd: readonly Helper[]) => Promise<T>): Promise<T> {
  const crowd = [startHelper("load.ts"), startHelper("load.ts")];
  try {
    return await act(crowd);
  } finally {
    await Promise.all(crowd.map((helper) => helper.stop()));
  }
}

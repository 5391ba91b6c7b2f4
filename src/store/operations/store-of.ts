import type { Store } from "../../core/store.ts";
import { operations, type AnyOperation } from "./operations.ts";

/** A store whose every operation goes through `submit`; `own` is what is no operation on rows. */
export function storeOf(submit: (operation: AnyOperation, input: never) => Promise<unknown>, own: Pick<Store, "close" | "scrub">): Store {
  const methods = operations.map((operation) => [operation.name, (input: never) => submit(operation, input)]);
  return { ...(Object.fromEntries(methods) as Omit<Store, "close" | "scrub">), ...own } as Store;
}

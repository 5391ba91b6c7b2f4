import type { Store } from "../../core/store.ts";
import { operations, type AnyOperation } from "./operations.ts";

/** A store whose every operation goes through `submit`. */
export function storeOf(submit: (operation: AnyOperation, input: never) => Promise<unknown>, close: () => Promise<void>): Store {
  const methods = operations.map((operation) => [operation.name, (input: never) => submit(operation, input)]);
  return { ...(Object.fromEntries(methods) as Omit<Store, "close">), close } as Store;
}

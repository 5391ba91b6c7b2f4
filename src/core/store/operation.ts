/** What goes into an operation of the store, and what comes out of it. */
export type Operation<I, O> = { input: I; output: O };

/** How long an answer may take to be lost: `full` is on disk before the promise resolves; `lazy` may lose the newest ones at a power cut; `read` changes nothing. */
export type Durability = "full" | "lazy" | "read";

export type Durabilities<O> = { readonly [K in keyof O]: Durability };

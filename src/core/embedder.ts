/** Turns texts into vectors whose angles say how alike their meanings are. One model of one provider: vectors of another cannot be compared with them. */
export interface Embedder {
  /** `provider:model`. */
  readonly model: string;
  /** @returns one vector for each text, in order, all of the same length. @throws ModelError */
  embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]>;
}

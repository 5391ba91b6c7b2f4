/** @returns the middle of the values (mean of the two middle ones); NaN when there are none. */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** @param share 0 to 1. Linear between neighbours; NaN when there are no values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)];
  const high = sorted[Math.ceil(at)];
  return low === undefined || high === undefined ? Number.NaN : low + (high - low) * (at - Math.floor(at));
}

import type { Usage } from "../../../core/model.ts";

export interface UsageColumns {
  input: number;
  output: number;
  cache_read: number;
  cache_write: number;
}

export function toUsage(row: UsageColumns): Usage {
  return { input: row.input, output: row.output, cacheRead: row.cache_read, cacheWrite: row.cache_write };
}

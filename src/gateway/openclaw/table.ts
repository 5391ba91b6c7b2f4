import type { Registry } from "../registry.ts";
import type { Row } from "./row.ts";
import { approvalRows } from "./rows/approvals.ts";
import { chatRows } from "./rows/chat.ts";
import { configRows } from "./rows/config.ts";
import { cronRows } from "./rows/cron.ts";
import { deviceRows } from "./rows/devices.ts";
import { sessionRows } from "./rows/sessions.ts";
import { systemRows } from "./rows/system.ts";

/** The whole table of translations. What is not in it is not served over OpenClaw's frames. */
export const ROWS: readonly Row[] = [...systemRows, ...chatRows, ...sessionRows, ...configRows, ...cronRows, ...approvalRows, ...deviceRows];

/** Rows whose methods are all registered, by their name. */
export function rowsFor(registry: Registry): ReadonlyMap<string, Row> {
  return new Map(ROWS.filter(({ calls }) => calls.every((name) => registry.methods.has(name))).map((row) => [row.method, row]));
}

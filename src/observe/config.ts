import { described, v } from "../lib/schema/index.ts";

/** `[logging]` */
export const loggingConfig = v.strictObject({
  level: described(v.optional(v.picklist(["debug", "info", "warn", "error"]), "info"), "Least serious lines that are written."),
  format: described(v.optional(v.picklist(["pretty", "json"])), "How lines look; default: pretty on a terminal, else json.", {
    restart: true,
    example: "json",
  }),
  file: described(v.optional(v.pipe(v.string(), v.nonEmpty("must not be empty"))), "Also append JSON lines to this file.", {
    restart: true,
    example: "/var/log/clanker.log",
  }),
});

/** `[metrics]` */
export const metricsConfig = v.strictObject({
  public: described(v.optional(v.boolean(), false), "Answer /metrics without a token.", { restart: true }),
});

export type LoggingConfig = v.InferOutput<typeof loggingConfig>;
export type MetricsConfig = v.InferOutput<typeof metricsConfig>;

import { ToolError } from "../../core/errors.ts";
import type { Tool, ToolContext, ToolResult } from "../../core/tool.ts";
import { defineTool } from "../../lib/define-tool/index.ts";

/** The tool `time`: what time it is now, in the owner's zone or in another one. */
export function createTimeTool(): Tool {
  return defineTool<{ time_zone?: string }>({
    spec: {
      name: "time",
      description: "The date and time now.",
      parameters: {
        type: "object",
        properties: { time_zone: { type: "string", maxLength: 100, description: "IANA name such as Europe/Berlin; default: the owner's zone" } },
        additionalProperties: false,
      },
    },
    effects: [],
    idempotent: true,
    parallel: true,
    timeoutMs: 1_000,
    run: async ({ time_zone: zone = "" }, context) => tellTime(zone.trim() === "" ? context.timeZone : zone.trim(), context),
  });
}

/** @throws ToolError `bad_time_zone` */
function tellTime(timeZone: string, context: ToolContext): ToolResult {
  const now = context.clock.now();
  const parts = partsIn(timeZone, now);
  const offset = offsetText(parts["timeZoneName"] ?? "GMT");
  const words = `${parts["weekday"]}, ${parts["day"]} ${parts["month"]} ${parts["year"]}, ${parts["hour"]}:${parts["minute"]}`;
  const iso = new Date(now + offsetMs(offset)).toISOString().slice(0, 19) + (offset === "+00:00" ? "Z" : offset);
  return { text: `${words} (${timeZone}, UTC${offset})\n${iso}`, error: false };
}

function partsIn(timeZone: string, now: number): Record<string, string> {
  try {
    const format = new Intl.DateTimeFormat("en-GB", {
      timeZone,
      weekday: "long",
      year: "numeric",
      month: "long",
      day: "numeric",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
      timeZoneName: "longOffset",
    });
    return Object.fromEntries(format.formatToParts(now).map((part) => [part.type, part.value]));
  } catch (cause) {
    throw new ToolError("bad_time_zone", `there is no time zone ${JSON.stringify(timeZone.slice(0, 100))}`, {
      cause,
      hint: "use an IANA name such as Europe/Berlin or America/New_York",
    });
  }
}

/** `GMT+01:00` as `+01:00`, `GMT` as `+00:00`. */
function offsetText(name: string): string {
  const offset = name.replace("GMT", "").replace("\u2212", "-");
  return offset === "" ? "+00:00" : offset;
}

function offsetMs(offset: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = offset.slice(1).split(":").map(Number);
  const size = ((hours * 60 + minutes) * 60 + seconds) * 1_000;
  return offset.startsWith("-") ? -size : size;
}

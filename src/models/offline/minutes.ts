const ASKED = "Write the minutes now.";
const MAX_LINES = 30;
const MAX_LINE = 120;

/** Whether a conversation is to be summarised: the demo understands nothing of it, but it can repeat. */
export function asksMinutes(said: string): boolean {
  return said.includes(ASKED);
}

/** What the person said, shortened, behind what an earlier summary has kept. */
export function writeMinutes(said: string): string {
  const [earlier = "", transcript = said] = said.split("\nThe transcript:\n");
  const kept = earlier.split("\n").filter((line) => line.startsWith("- "));
  const spoken = transcript.split(/^#\d+ /mu).flatMap((entry) => {
    const [header = "", ...body] = entry.split("\n");
    const text = body.join(" ").split(ASKED)[0]!.replace(/\s+/gu, " ").trim();
    return header.startsWith("[") && !header.startsWith("[notice]") && text !== "" ? [`- ${text.slice(0, MAX_LINE).replace(/[\uD800-\uDBFF]$/u, "")}`] : [];
  });
  return ["Facts: what the person said (the built-in demo repeats, it does not understand):", ...[...kept, ...spoken].slice(-MAX_LINES)].join("\n");
}

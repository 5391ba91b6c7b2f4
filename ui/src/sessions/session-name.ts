import type { WireSession } from "../connection/wire.ts";

export const MAIN_SESSION = "agent:main:main";

/** What a conversation is called in the list: its label, else words for its key. */
export function sessionName(session: Pick<WireSession, "session" | "label">): string {
  if (session.label !== undefined && session.label !== "") return session.label;
  const [, agent = "main", ...rest] = session.session.split(":");
  const words = rest.map(decode);
  const [first = "", second = "", third = ""] = words;
  const suffix = agent === "main" ? "" : ` (${agent})`;
  if (first === "main") return `Main conversation${suffix}`;
  if (first === "direct") return `${second}${suffix}`;
  if (second === "group") return `${capital(first)} group ${third}${suffix}`;
  if (second === "direct") return `${third} on ${capital(first)}${suffix}`;
  if (first === "job" || first === "hook") return `${capital(first)} ${second}${suffix}`;
  return `Conversation ${words.join(" ").slice(-8)}${suffix}`;
}

/** "now", "5 min", "3 h", "Tue", "4 Nov": how long ago something was. */
export function ago(at: number, now: number): string {
  const minutes = Math.floor((now - at) / 60_000);
  if (minutes < 1) return "now";
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h`;
  const week = minutes < 6 * 24 * 60;
  return new Date(at).toLocaleDateString(undefined, week ? { weekday: "short" } : { day: "numeric", month: "short" });
}

const capital = (word: string) => word.slice(0, 1).toUpperCase() + word.slice(1);

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

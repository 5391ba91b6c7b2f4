/** Teams calls reactions by names of its own (learn.microsoft.com, "Teams Reactions Reference"). These are the ones that an assistant has use for; there is no rule that gives the rest. */
const IDS: Readonly<Record<string, string>> = {
  "👍": "like",
  "👎": "no",
  "❤": "heart",
  "😆": "laugh",
  "😮": "surprised",
  "🙁": "sad",
  "😠": "angry",
  "👀": "1f440_eyes",
  "✅": "2705_whiteheavycheckmark",
  "❌": "274c_crossmark",
  "⚠": "26a0_warningsign",
  "🚀": "launch",
  "📌": "1f4cc_pushpin",
  "🎉": "1f389_partypopper",
  "💯": "1f4af_hundredpointssymbol",
  "💡": "idea",
  "👏": "clappinghands",
  "🙌": "handsinair",
  "🙏": "praying",
  "🤝": "handshake",
  "💪": "muscle",
  "👌": "ok",
  "👋": "1f44b_wavinghand",
  "🤔": "think",
  "🫡": "salute",
  "😂": "cwl",
  "🤣": "rofl",
  "🙂": "smile",
  "😊": "smileeyes",
  "😍": "hearteyes",
  "😎": "cool",
  "🥳": "party",
  "😢": "cry",
  "😭": "loudlycrying",
  "😡": "angryface",
  "🤯": "1f92f_explodinghead",
  "🤖": "smilerobot",
};

/** The emoji that Teams has a name for here. */
export const KNOWN_EMOJI: readonly string[] = Object.keys(IDS);

/** @returns undefined for an emoji whose name is not known. */
export function reactionId(emoji: string): string | undefined {
  return IDS[emoji.replaceAll("\ufe0f", "").trim()];
}

const EMOJI = new Map(Object.entries(IDS).map(([emoji, id]) => [id, emoji]));

/** What stands for a reaction that somebody gave: its emoji, else its name in colons. */
export function emojiOf(id: string): string {
  const named = EMOJI.get(id.replace(/-tone[1-5]$/, ""));
  if (named !== undefined) return named;
  // The younger names begin with the code point.
  const point = /^([0-9a-f]{4,5})_/.exec(id)?.[1];
  return point === undefined ? `:${id}:` : String.fromCodePoint(Number.parseInt(point, 16));
}

import { codeSample, LANGUAGES } from "./code-samples.ts";
import type { Conversation } from "./conversation.ts";
import { longText } from "./long-text.ts";
import { asksMinutes, writeMinutes } from "./minutes.ts";
import { asksTime, findExpression } from "./wanted-calls.ts";

const WHAT_I_AM = "I am the built-in demo of Open Clanker: a handful of rules, not an AI.";
const HOW_TO_SET = "Run `clanker setup` in a terminal on the machine that runs me: it asks for a provider and a key and writes them into your config.";

type Rule = readonly [asks: (said: string) => boolean, answer: (conversation: Conversation) => string];

const matches =
  (pattern: RegExp): Rule[0] =>
  (said) =>
    pattern.test(said);

/** In order: the first rule that fits answers. */
const RULES: readonly Rule[] = [
  [asksMinutes, ({ said }) => writeMinutes(said)],
  [(said) => said === "", () => "Something without words arrived. I would gladly look at it, but I am only the built-in demo and read text alone."],
  [matches(/^\/?help\b|\bwhat can you do\b|\b(?:set ?up|connect|use|configure|choose)\b.*\b(?:model|ai|llm|provider|key)\b|\breal (?:model|ai)\b/iu), help],
  [
    matches(/\b(?:what|who) are you\b|\bare you (?:an? )?(?:ai|bot|human|real|robot|llm)\b|\bwhat(?:'s| is) your name\b/iu),
    () => `${WHAT_I_AM} ${HOW_TO_SET} Until then I keep you company.`,
  ],
  [matches(/\bmy name\b.*\?|\bwho am i\b|\bdo you (?:know|remember) (?:me|my name|who i am)\b/iu), recallName],
  [
    matches(/\bmy name(?: is|'s)\s|\bcall me \p{Lu}/u),
    ({ name }) => `Nice to meet you, ${name ?? "friend"}! I will remember your name for as long as this conversation lasts.`,
  ],
  [asksTime, () => "I have no clock at hand in this conversation, so I cannot say. With the `time` tool I could."],
  [
    (said) => findExpression(said) !== undefined,
    () => "I would have to guess, and guessing at sums is a bad habit. With the `calculate` tool I could work it out exactly.",
  ],
  [matches(/\b(?:code|function|script|snippet|program|python|javascript|typescript|bash)\b/iu), ({ said }) => codeAnswer(said)],
  [matches(/\blong\b|\bstory\b|\bessay\b|\b\d{2,5} words\b|\btell me (?:a lot|more|everything)\b/iu), ({ said }) => longText(wordCount(said))],
  [matches(/^(?:hi|hello|hey|hiya|howdy|good (?:morning|afternoon|evening|day)|hallo|moin|servus|bonjour|hola|ciao)\b/iu), greet],
  [matches(/\bhow are you\b|\bhow(?:'s| is) it going\b/iu), () => "Very well, thank you: every message of yours arrives, and I never tire. How are you?"],
  [matches(/\bthank(?:s| you)\b|\bthx\b|\bdanke\b|\bmerci\b/iu), ({ name }) => `You are welcome${comma(name)}. It was a pleasure.`],
  [matches(/^(?:bye|goodbye|good night|see you|ciao|tschüss)\b/iu), ({ name }) => `Goodbye${comma(name)}, and take care. Your messages will find me here.`],
  [matches(/\bping\b/iu), () => "pong"],
];

/** What the demo says to the end of a conversation, the results of its calls first. Never empty. */
export function writeAnswer(conversation: Conversation): string {
  if (conversation.results.length > 0) return conversation.results.map((result) => phrase(result)).join("\n\n");
  const rule = RULES.find(([asks]) => asks(conversation.said));
  return rule === undefined ? reflect(conversation) : rule[1](conversation);
}

function phrase(result: Conversation["results"][number]): string {
  if (result.error) return `I tried the tool \`${result.name}\`, but it answered with an error: ${result.text}`;
  const [first = "", ...rest] = result.text.split("\n");
  if (result.name === "time") return `It is ${first}.`;
  if (result.name === "calculate") return `That makes: **${first.replaceAll("*", "×")}**`;
  return `The tool \`${result.name}\` says:\n\n${[first, ...rest].join("\n")}`;
}

function greet({ name, before }: Conversation): string {
  if (before.length > 0) return `Hello again${comma(name)}! What shall we do now?`;
  return `Hello${comma(name)}, and welcome! ${WHAT_I_AM} Everything around me is real, though: your message travelled the whole way through the gateway and back. Write "help" to see how to give me a real model.`;
}

function help(): string {
  return [
    `${WHAT_I_AM} ${HOW_TO_SET}`,
    "",
    "Meanwhile I can show that the house works. Try:",
    "",
    "- `what time is it` or `what is 12*7`: a real tool call",
    "- `my name is ...`, and later `what is my name`",
    "- `show me some code`, or in one of: " + LANGUAGES.join(", "),
    "- `a long answer`, or `300 words`: to watch streaming",
    "- `/new` starts afresh, `/stop` interrupts me, `/status` tells how the gateway is",
  ].join("\n");
}

function recallName({ name }: Conversation): string {
  return name === undefined ? "You have not told me your name yet. Write: my name is ..." : `Your name is ${name}; you told me in this conversation.`;
}

function codeAnswer(said: string): string {
  const { language, code } = codeSample(said);
  return `Here is a small sample in ${language}:\n\n\`\`\`${language.toLowerCase()}\n${code}\n\`\`\`\n\nIt comes from my pocket, not from thinking: I am only the demo.`;
}

function wordCount(said: string): number {
  const asked = /\b(\d{1,5}) words\b/iu.exec(said)?.[1];
  return asked === undefined ? 400 : Math.min(5_000, Math.max(10, Number(asked)));
}

const REFLECTIONS: readonly ((said: string) => string)[] = [
  (said) => `You wrote: "${said}". I wish I could say something clever about it.`,
  (said) => `"${said}": that arrived whole, and I have given it some thought, of the small kind I am capable of.`,
  (said) => `I read: "${said}". Tell me more, if you like; I am a patient listener.`,
];

/** The same words at the same place of a conversation get the same answer. */
function reflect({ said, before, name }: Conversation): string {
  const short = [...said].length > 200 ? `${[...said].slice(0, 200).join("")} ...` : said;
  const say = REFLECTIONS[before.length % REFLECTIONS.length] ?? REFLECTIONS[0]!;
  const address = name === undefined || before.length % 2 === 0 ? "" : `${name}, `;
  return `${address}${say(short.replaceAll("\n", " "))}\n\n${WHAT_I_AM} For real answers run \`clanker setup\`; for what I can do, write "help".`;
}

function comma(name: string | undefined): string {
  return name === undefined ? "" : `, ${name}`;
}

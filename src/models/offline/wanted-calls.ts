/** Tools that the last words ask for, whether or not they are offered. */
export function wantedCalls(said: string): { name: string; args: unknown }[] {
  const expression = findExpression(said);
  return [
    ...(asksTime(said) ? [{ name: "time", args: timeArgs(said) }] : []),
    ...(expression === undefined ? [] : [{ name: "calculate", args: { expression } }]),
  ];
}

/** Whether the words ask for the time or the date. */
export function asksTime(said: string): boolean {
  return /\bwhat(?:'s| is|’s)? (?:the )?(?:current )?(?:time|date|day)\b|\btime is it\b|\b(?:day|date) is (?:it|today)\b|^(?:the )?time\??$/iu.test(said);
}

/** An arithmetic expression in the words, with at least one sign between numbers or a function. */
export function findExpression(said: string): string | undefined {
  const spelled = said
    .replace(/\bdivided by\b/giu, "/")
    .replace(/(?<=[\d)]\s*)\btimes\b|(?<=\d\s*)x(?=\s*\d)/giu, "*")
    .replace(/(?<=[\d)]\s*)\bplus\b/giu, "+")
    .replace(/(?<=[\d)]\s*)\bminus\b/giu, "-")
    .replace(/(?<=\d\s*)% of\b/giu, "% *");
  const candidates = spelled.match(/(?:(?:sqrt|abs|round|min|max|pi)\b|[\d.,+\-*/%^()×÷−\s])+/giu) ?? [];
  const found = candidates.map((text) => text.replace(/^[\s,.*/%^)]+|[\s,.+\-*/^(]+$/gu, "")).filter(isExpression);
  return found.toSorted((a, b) => b.length - a.length)[0];
}

function isExpression(text: string): boolean {
  if (/^\d{1,4}-\d{1,2}-\d{1,4}$|^[\d\s.+()-]*\d{3}[\s-]\d{3}[\d\s-]*$|^\d+(?:\.\d+){2,}$/u.test(text)) return false;
  return /[\d)%]\s*[-+*/^×÷−]\s*[-(\d.a-z]|[\d)]\s*%\s*\d|(?:sqrt|abs|round|min|max)\s*\(\s*[-\d]/iu.test(text);
}

const CITIES: Readonly<Record<string, string>> = {
  amsterdam: "Europe/Amsterdam",
  berlin: "Europe/Berlin",
  "new york": "America/New_York",
  london: "Europe/London",
  "los angeles": "America/Los_Angeles",
  madrid: "Europe/Madrid",
  paris: "Europe/Paris",
  "san francisco": "America/Los_Angeles",
  "são paulo": "America/Sao_Paulo",
  singapore: "Asia/Singapore",
  sydney: "Australia/Sydney",
  tokyo: "Asia/Tokyo",
  utc: "UTC",
  vienna: "Europe/Vienna",
  zurich: "Europe/Zurich",
};

function timeArgs(said: string): { time_zone?: string } {
  const named = /\bin ([A-Z][A-Za-z]+\/[A-Za-z_/+-]+)/u.exec(said)?.[1];
  const words = said.toLowerCase();
  const zone = named ?? Object.entries(CITIES).find(([city]) => words.includes(`in ${city}`))?.[1];
  return zone === undefined ? {} : { time_zone: zone };
}

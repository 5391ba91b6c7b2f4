const SAMPLES: Readonly<Record<string, string>> = {
  JavaScript: `function greet(names) {
  for (const name of names) console.log(\`Hello, \${name}!\`);
}

greet(["Ada", "Alan"]);`,
  TypeScript: `function count(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}`,
  Python: `def fibonacci(limit):
    a, b = 0, 1
    while a < limit:
        yield a
        a, b = b, a + b

print(list(fibonacci(100)))`,
  Bash: `for file in *.txt; do
  printf '%s has %s lines\\n' "$file" "$(wc -l < "$file")"
done`,
};

export const LANGUAGES: readonly string[] = Object.keys(SAMPLES);

/** A sample in the language that the words name, else in JavaScript. */
export function codeSample(said: string): { language: string; code: string } {
  const words = said.toLowerCase();
  const language = LANGUAGES.find((name) => words.includes(name.toLowerCase())) ?? "JavaScript";
  return { language, code: SAMPLES[language] ?? "" };
}

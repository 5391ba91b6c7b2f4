import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sameSecret, sha256 } from "../../src/gateway/auth/digest.ts";

const SECRET = "a-token-of-thirty-two-characters";
const SAMPLES = 100_000;

/** Many guesses of which the first `right` characters are right, so that where one text lies in memory plays no part. */
function guessesOf(right: number): string[] {
  return Array.from(
    { length: 512 },
    () =>
      SECRET.slice(0, right) +
      randomBytes(SECRET.length)
        .toString("hex")
        .slice(0, SECRET.length - right),
  ).map((text) =>
    // Pieced together texts are read more slowly than whole ones: all are made whole.
    Buffer.from(text).toString(),
  );
}

/** Welch's t of the times of two kinds of guesses, taken in a random order; the slowest tenth (the machine's other work) is left out. */
function welch(right: number): number {
  const expected = sha256(SECRET);
  const kinds = [guessesOf(0), guessesOf(right)] as const;
  const times: readonly [number[], number[]] = [[], []];
  const order = randomBytes(SAMPLES);
  for (let i = 0; i < SAMPLES; i++) {
    const which = (order[i]! & 1) as 0 | 1;
    const guess = kinds[which][i & 511]!;
    const from = process.hrtime.bigint();
    sameSecret(expected, guess);
    times[which].push(Number(process.hrtime.bigint() - from));
  }
  const [a, b] = times.map((series) => {
    const used = series.toSorted((x, y) => x - y).slice(0, Math.floor(series.length * 0.9));
    const mean = used.reduce((sum, time) => sum + time, 0) / used.length;
    return { mean, error: used.reduce((sum, time) => sum + (time - mean) ** 2, 0) / (used.length - 1) / used.length };
  });
  return Math.abs(a!.mean - b!.mean) / Math.sqrt(a!.error + b!.error);
}

test("sec-22 how long a comparison takes does not tell how much of a guess is right", () => {
  welch(0);
  for (const right of [1, 8, 16, 31]) {
    // A real difference shows every time; an unlucky moment of this machine does not.
    const tries = Array.from({ length: 5 }, () => () => welch(right));
    assert.ok(
      tries.some((measure) => measure() < 4.5),
      `${right} characters right`,
    );
  }
});

test("sec-22 guesses of any length are compared as digests of one length", () => {
  const expected = sha256(SECRET);
  for (const guess of ["", "a", SECRET.slice(0, -1), `${SECRET}x`, SECRET.repeat(1000)]) assert.equal(sameSecret(expected, guess), false);
  assert.equal(sameSecret(expected, SECRET), true);
});

test("sec-22 no source compares a secret with === or its kin", () => {
  const root = join(import.meta.dirname, "../..");
  const secret = String.raw`(?:\.reveal\(\)|\b(?:given|expected|own)?(?:token|password|secret|credential|signature|digest)\b)`;
  const pattern = new RegExp(String.raw`${secret}\s*[!=]={1,2}(?!=|\s*(?:undefined|null|"|true|false))|[!=]==?\s*[\w.]*\.reveal\(\)`, "gi");
  const faults = globSync("src/{gateway,channels,security}/**/*.ts", { cwd: root }).flatMap((path) =>
    readFileSync(join(root, path), "utf8")
      .split("\n")
      .flatMap((line, index) =>
        line.match(pattern) === null || line.trim().startsWith("*") || line.trim().startsWith("//") ? [] : [`${path}:${index + 1} ${line.trim()}`],
      ),
  );
  assert.deepEqual(faults, []);
});

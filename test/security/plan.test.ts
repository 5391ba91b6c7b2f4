import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { newCode, normalCode } from "../../src/security/code.ts";
import { planDigest, planKey, renderPlan, type Plan } from "../../src/security/plan.ts";
import { reviewExec } from "../../src/security/review-exec.ts";
import { createSeededRandom } from "../fakes/seeded-random.ts";

const PLAN: Plan = {
  version: 1,
  tool: "shell",
  args: { argv: ["rm", "-r", "old"], cwd: "work" },
  facts: {
    executable: { path: "/usr/bin/rm", sha256: "ab" },
    cwd: { path: "/home/a/work", device: "1", inode: "2" },
    envHash: "e",
    stdinHash: "s",
    profile: "sandbox",
    network: "none",
  },
  agent: "main",
  session: "s1",
  principal: { person: "owner", class: "owner", where: { channel: "telegram", account: "default", conversation: "1" }, direct: true, sender: "1" },
  label: { integrity: "OWNER", confidentiality: "PRIVATE" },
  expiresAt: 1_000,
  nonce: "n",
};

type Path = readonly (string | number)[];

/** Every leaf of a plan, by its path. */
function leaves(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, Array.isArray(value) ? Number(key) : key]));
}

function changed(plan: Plan, path: Path, change: (value: unknown) => unknown): Plan {
  const copy = structuredClone(plan) as never as Record<string | number, unknown>;
  let at = copy;
  for (const key of path.slice(0, -1)) at = at[key] as Record<string | number, unknown>;
  at[path.at(-1)!] = change(at[path.at(-1)!]);
  return copy as never as Plan;
}

const CHANGES: readonly ((value: unknown) => unknown)[] = [
  (value) => (typeof value === "string" ? `${value} ` : typeof value === "number" ? value + 1 : !value),
  (value) => (typeof value === "string" ? (value.toUpperCase() === value ? value.toLowerCase() + "x" : value.toUpperCase()) : `${String(value)}`),
  () => null,
];

describe("security/plan", () => {
  it("sec-53: a plan with any one field changed in the least is another plan", () => {
    const paths = leaves(PLAN);
    assert.ok(paths.length > 20);
    for (const path of paths) for (const change of CHANGES) assert.notEqual(planDigest(changed(PLAN, path, change)), planDigest(PLAN), path.join("."));
    assert.notEqual(planDigest({ ...PLAN, args: { argv: ["rm", "-r", "old", ""], cwd: "work" } }), planDigest(PLAN));
  });

  it("what is remembered holds for exactly this plan, in any session and at any time, and for nothing else", () => {
    assert.equal(planKey({ ...PLAN, session: "s2", nonce: "m", expiresAt: 2 }), planKey(PLAN));
    for (const path of leaves(PLAN)) {
      if (["session", "nonce", "expiresAt"].includes(String(path[0]))) continue;
      for (const change of CHANGES) assert.notEqual(planKey(changed(PLAN, path, change)), planKey(PLAN), path.join("."));
    }
  });

  it("sec-44, sec-50: what runs other code than its name says asks and is never remembered, under any number of wrappers", () => {
    const wrapper = fc.constantFrom(["env"], ["nice", "-n", "5"], ["nohup"], ["timeout", "5"], ["setsid"], ["stdbuf", "-o0"], ["xargs"], ["busybox"]);
    fc.assert(
      fc.property(fc.array(wrapper, { minLength: 1, maxLength: 20 }), (wrappers) => {
        const review = reviewExec({ argv: [...wrappers.flat(), "tr", "a", "b"] });
        assert.equal(review.rememberable, false);
        assert.ok(review.ask);
      }),
    );
    for (const argv of [
      ["sh", "-c", "id"],
      ["python3", "-c", "1"],
      ["node", "-e", "1"],
      ["perl", "-e", "1"],
      ["ruby", "-r", "x"],
      ["deno", "eval", "1"],
      ["npx", "x"],
    ])
      assert.equal(reviewExec({ argv }).rememberable, false, argv.join(" "));
    assert.equal(reviewExec({ script: "ls" }).rememberable, false);
    assert.deepEqual(reviewExec({ argv: ["ls", "-l"] }), {});
  });

  it("is shown from the plan alone, whole lines of its own and no hidden characters (sec-57)", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (name, text) => {
        const shown = renderPlan({ ...PLAN, args: { [name]: text, description: text } }, "because");
        assert.ok(!/[^\P{C}\n]/u.test(shown), JSON.stringify(shown));
        assert.equal(shown.split("\n").filter((line) => line.startsWith("Asked by: ")).length, 1);
        assert.ok(shown.split("\n").length <= 6 + Object.keys(PLAN.facts).length);
      }),
    );
  });

  it("a long plan says how much of it is not shown", () => {
    const shown = renderPlan({ ...PLAN, args: { content: "x".repeat(10_000) } }, "because");
    assert.match(shown, /more characters/);
    assert.ok(shown.length < 4_000);
  });

  it("codes are read back however they were typed", () => {
    const random = createSeededRandom(1);
    for (let i = 0; i < 200; i += 1) {
      const code = newCode(random, 8);
      assert.match(code, /^[0-9A-HJKMNP-TV-Z]{8}$/);
      assert.equal(normalCode(` ${code.slice(0, 4).toLowerCase()}-${code.slice(4).replaceAll("0", "o").replaceAll("1", "l")}`), code);
    }
  });
});

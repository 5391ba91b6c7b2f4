import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { ToolError } from "../../../src/core/errors.ts";
import { createCalculateTool } from "../../../src/tools/calculate/index.ts";
import { toolContext, toolSuite } from "../../contract/tool-suite.ts";

const calculate = async (expression: string): Promise<string> => (await createCalculateTool().run({ expression }, toolContext())).text;
const valueOf = async (expression: string): Promise<string> => (await calculate(expression)).slice(expression.length).replace(/^ [=≈] /u, "");

describe("tools/calculate", () => {
  toolSuite({
    create: createCalculateTool,
    good: [{ expression: "12 * 7" }, { expression: "sqrt(2) + 2^500" }],
    bad: [
      { expression: "" },
      { expression: 3 },
      { expression: "1 +" },
      { expression: "process.exit()" },
      { expression: "1/0" },
      { expression: "9^9^9" },
      { expression: "(".repeat(400) + "1" },
      { expression: "1+".repeat(400) + "1" },
      {},
    ],
  });

  it("works out sums exactly, where floating point would not", async () => {
    const cases: Record<string, string> = {
      "12*7": "84",
      "0.1 + 0.2": "0.3",
      "-2^2": "-4",
      "2^3^2": "512",
      "2 ** 10": "1024",
      "(1 + 2) * 3 - 4 / 5": "8.2",
      "10 % 3": "1",
      "15% * 80": "12",
      "sqrt(9/4)": "1.5",
      "4^-0.5": "0.5",
      "round(2.5)": "3",
      "round(-2.456, 2)": "-2.46",
      "max(1, min(7, 3), abs(-2))": "3",
      "6 × 7 ÷ 2 − 1": "20",
      "9007199254740993 + 0": "9007199254740993",
      "1e3 + .5": "1000.5",
    };
    for (const [expression, value] of Object.entries(cases)) assert.equal(await valueOf(expression), value, expression);
  });

  it("says when a value is rounded, and gives the fraction behind it", async () => {
    assert.equal(await calculate("1/3"), "1/3 ≈ 0.33333333333333333333 (exactly 1/3)");
    assert.match(await calculate("sqrt(2)"), /^sqrt\(2\) ≈ 1\.41421356237309\d*$/u);
    assert.equal(await calculate("1e-300"), "1e-300 ≈ 1e-300");
  });

  it("agrees with whole-number arithmetic of any size", async () => {
    const whole = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n });
    await fc.assert(
      fc.asyncProperty(whole, whole, fc.constantFrom("+", "-", "*"), async (a, b, sign) => {
        const expected = sign === "+" ? a + b : sign === "-" ? a - b : a * b;
        assert.equal(await valueOf(`(${a}) ${sign} (${b})`), String(expected));
      }),
      { numRuns: 100 },
    );
  });

  it("says what is wrong by a stable code", async () => {
    for (const [expression, code] of [
      ["1/0", "division_by_zero"],
      ["1 % 0", "division_by_zero"],
      ["1 +", "bad_expression"],
      ["process.exit()", "bad_expression"],
    ])
      await assert.rejects(calculate(expression!), { code }, expression);
    await assert.rejects(createCalculateTool().run({}, toolContext()), { code: "bad_arguments" });
  });

  it("answers any text with a value or a typed error, quickly", async () => {
    const text = fc.string({ unit: fc.constantFrom(..."0123456789.+-*/%^(), ep", "sqrt(", "round(", "max("), maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(text, async (expression) => {
        const outcome = await calculate(expression).catch((error: unknown) => error);
        assert.ok(typeof outcome === "string" || outcome instanceof ToolError, `${expression}: ${String(outcome)}`);
        if (typeof outcome === "string") assert.ok(outcome.length < 3_000);
      }),
      { numRuns: 500 },
    );
  });
});

import { ToolError } from "../../core/errors.ts";
import {
  absolute,
  add,
  divide,
  isLess,
  multiply,
  negate,
  parseDecimal,
  power,
  rational,
  remainder,
  round,
  squareRoot,
  subtract,
  type Rational,
} from "./rational.ts";

export const MAX_EXPRESSION = 500;
const MAX_DEPTH = 50;

interface Reader {
  readonly tokens: readonly string[];
  position: number;
  depth: number;
}

/**
 * The exact value of an arithmetic expression: + - * / % ^ and parentheses, sqrt, abs, round, min, max, pi; `50%` at the end of an operand is fifty hundredths.
 * @throws ToolError `bad_expression`, `division_by_zero`, `too_large`
 */
export function evaluate(expression: string): Rational {
  if (expression.length > MAX_EXPRESSION) throw new ToolError("bad_expression", `the expression is longer than ${MAX_EXPRESSION} characters`);
  const reader: Reader = { tokens: tokenize(expression), position: 0, depth: 0 };
  const value = sum(reader);
  if (reader.position < reader.tokens.length) throw unexpected(reader);
  return value;
}

const TOKEN = /\s*(?:((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)|([a-z]+)|(\*\*|[-+*/%^(),]))/iuy;

function tokenize(expression: string): string[] {
  const text = expression.replace(/[×·⋅]/gu, "*").replace(/÷/gu, "/").replace(/[−–]/gu, "-").trimEnd();
  const tokens: string[] = [];
  const pattern = new RegExp(TOKEN);
  while (pattern.lastIndex < text.length) {
    const start = pattern.lastIndex;
    const [, number, word, sign] = pattern.exec(text) ?? [];
    const token = number ?? word?.toLowerCase() ?? (sign === "**" ? "^" : sign);
    if (token === undefined) throw new ToolError("bad_expression", `cannot read ${JSON.stringify(text.slice(start, start + 20).trim())}`);
    tokens.push(token);
  }
  return tokens;
}

function sum(reader: Reader): Rational {
  let value = product(reader);
  for (;;) {
    if (take(reader, "+")) value = add(value, product(reader));
    else if (take(reader, "-")) value = subtract(value, product(reader));
    else return value;
  }
}

function product(reader: Reader): Rational {
  let value = signed(reader);
  for (;;) {
    if (take(reader, "*")) value = multiply(value, signed(reader));
    else if (take(reader, "/")) value = divide(value, signed(reader));
    else if (take(reader, "%")) value = remainder(value, signed(reader));
    else return value;
  }
}

/** A sign binds weaker than a power: -2^2 is -4. */
function signed(reader: Reader): Rational {
  return deeper(reader, () => {
    if (take(reader, "-")) return negate(signed(reader));
    if (take(reader, "+")) return signed(reader);
    return raised(reader);
  });
}

/** Powers bind to the right: 2^3^2 is 2^9. */
function raised(reader: Reader): Rational {
  const base = operand(reader);
  return take(reader, "^") ? power(base, signed(reader)) : base;
}

function operand(reader: Reader): Rational {
  let value = atom(reader);
  while (reader.tokens[reader.position] === "%" && !startsOperand(reader.tokens[reader.position + 1])) {
    reader.position += 1;
    value = divide(value, rational(100n, 1n));
  }
  return value;
}

function startsOperand(token: string | undefined): boolean {
  return token !== undefined && /^[\da-z.(]/u.test(token);
}

function atom(reader: Reader): Rational {
  const token = reader.tokens[reader.position];
  if (token === undefined) throw unexpected(reader);
  reader.position += 1;
  if (/^[\d.]/u.test(token)) return parseDecimal(token);
  if (token === "(") {
    const value = sum(reader);
    expect(reader, ")");
    return value;
  }
  if (token === "pi") return { ...parseDecimal("3.14159265358979323846264338327950288"), exact: false };
  if (/^[a-z]/u.test(token)) return call(reader, token);
  reader.position -= 1;
  throw unexpected(reader);
}

function call(reader: Reader, name: string): Rational {
  if (!Object.hasOwn(FUNCTIONS, name))
    throw new ToolError("bad_expression", `there is no function ${JSON.stringify(name.slice(0, 40))}; known: ${Object.keys(FUNCTIONS).join(", ")}`);
  expect(reader, "(");
  const values = [sum(reader)];
  while (take(reader, ",")) values.push(sum(reader));
  expect(reader, ")");
  return FUNCTIONS[name]!(values);
}

const FUNCTIONS: Readonly<Record<string, (values: readonly Rational[]) => Rational>> = {
  sqrt: (values) => squareRoot(only("sqrt", values)),
  abs: (values) => absolute(only("abs", values)),
  round: ([value, digits, ...rest]) => {
    if (value === undefined || rest.length > 0) throw new ToolError("bad_expression", "round takes a number and perhaps the places to keep");
    return round(value, digits === undefined ? 0 : places(digits));
  },
  min: (values) => values.reduce((least, value) => (isLess(value, least) ? value : least)),
  max: (values) => values.reduce((most, value) => (isLess(most, value) ? value : most)),
};

function only(name: string, values: readonly Rational[]): Rational {
  const [value, ...rest] = values;
  if (value === undefined || rest.length > 0) throw new ToolError("bad_expression", `${name} takes one number`);
  return value;
}

function places(digits: Rational): number {
  if (digits.below !== 1n || digits.above < 0n || digits.above > 30n)
    throw new ToolError("bad_expression", "places to keep must be a whole number from 0 to 30");
  return Number(digits.above);
}

function deeper<T>(reader: Reader, read: () => T): T {
  reader.depth += 1;
  if (reader.depth > MAX_DEPTH) throw new ToolError("bad_expression", "the expression is nested too deep");
  const value = read();
  reader.depth -= 1;
  return value;
}

function take(reader: Reader, token: string): boolean {
  if (reader.tokens[reader.position] !== token) return false;
  reader.position += 1;
  return true;
}

function expect(reader: Reader, token: string): void {
  if (!take(reader, token)) throw unexpected(reader, token);
}

function unexpected(reader: Reader, wanted?: string): ToolError {
  const found = reader.tokens[reader.position];
  const what = found === undefined ? "the expression ends too early" : `${JSON.stringify(found)} is not expected there`;
  return new ToolError("bad_expression", wanted === undefined ? what : `${what}; "${wanted}" is missing`);
}

import { ToolError } from "../../core/errors.ts";

/** An exact fraction in lowest terms; `below` is positive. `exact` is false once a root or a broken power has been rounded. */
export interface Rational {
  readonly above: bigint;
  readonly below: bigint;
  readonly exact: boolean;
}

/** Largest size of a numerator or denominator, about 1,200 digits. */
const MAX_BITS = 4_000;
/** Digits behind the point of a rounded result, and of roots. */
const ROUNDED_DIGITS = 30;

/** @throws ToolError `division_by_zero`, `too_large` */
export function rational(above: bigint, below: bigint, exact = true): Rational {
  if (below === 0n) throw new ToolError("division_by_zero", "division by zero");
  const divisor = gcd(above < 0n ? -above : above, below < 0n ? -below : below) * (below < 0n ? -1n : 1n);
  return limited({ above: above / divisor, below: below / divisor, exact });
}

/** A number as written: digits with at most one point, perhaps an exponent. */
export function parseDecimal(text: string): Rational {
  const [mantissa = "", exponent = "0"] = text.toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  const power = Number(exponent) - fraction.length;
  if (Math.abs(power) > 1_000) throw tooLarge();
  const digits = BigInt(whole + fraction);
  return power >= 0 ? rational(digits * 10n ** BigInt(power), 1n) : rational(digits, 10n ** BigInt(-power));
}

export const add = (a: Rational, b: Rational): Rational => rational(a.above * b.below + b.above * a.below, a.below * b.below, a.exact && b.exact);
export const negate = (a: Rational): Rational => ({ ...a, above: -a.above });
export const subtract = (a: Rational, b: Rational): Rational => add(a, negate(b));
export const multiply = (a: Rational, b: Rational): Rational => rational(a.above * b.above, a.below * b.below, a.exact && b.exact);
export const divide = (a: Rational, b: Rational): Rational => rational(a.above * b.below, a.below * b.above, a.exact && b.exact);
export const absolute = (a: Rational): Rational => (a.above < 0n ? negate(a) : a);
export const isLess = (a: Rational, b: Rational): boolean => a.above * b.below < b.above * a.below;

/** What is left of `a` after whole `b`s; it has the sign of `a`, as in most programming languages. */
export function remainder(a: Rational, b: Rational): Rational {
  const quotient = divide(a, b);
  return subtract(a, multiply(b, { above: quotient.above / quotient.below, below: 1n, exact: true }));
}

/** @throws ToolError `bad_expression` for the root of a negative number. */
export function squareRoot(a: Rational): Rational {
  if (a.above < 0n) throw new ToolError("bad_expression", "there is no real square root of a negative number");
  const above = integerRoot(a.above);
  const below = integerRoot(a.below);
  if (above * above === a.above && below * below === a.below) return rational(above, below, a.exact);
  const scale = 10n ** BigInt(ROUNDED_DIGITS + 10);
  return rational(integerRoot((a.above * scale * scale) / a.below), scale, false);
}

/** @throws ToolError `too_large`, `bad_expression` for a broken power of a negative number. */
export function power(base: Rational, exponent: Rational): Rational {
  if (exponent.below === 2n) return power(squareRoot(base), { ...exponent, below: 1n });
  if (exponent.below !== 1n) return brokenPower(base, exponent);
  const times = exponent.above < 0n ? -exponent.above : exponent.above;
  const size = BigInt(Math.max(bits(base.above), bits(base.below)));
  if (size > 1n && times * (size - 1n) > BigInt(MAX_BITS)) throw tooLarge();
  const even = times % 2n === 0n;
  // Only -1, 0 and 1 get here with a large exponent.
  const count = size <= 1n ? (times === 0n ? 0n : even ? 2n : 1n) : times;
  const exact = base.exact && exponent.exact;
  return exponent.above < 0n ? rational(base.below ** count, base.above ** count, exact) : rational(base.above ** count, base.below ** count, exact);
}

function brokenPower(base: Rational, exponent: Rational): Rational {
  if (base.above < 0n) throw new ToolError("bad_expression", "there is no real broken power of a negative number");
  const result = toNumber(base) ** toNumber(exponent);
  if (!Number.isFinite(result)) throw tooLarge();
  return { ...parseDecimal(result.toPrecision(15)), exact: false };
}

/** Half away from zero, at `digits` places behind the point. */
export function round(a: Rational, digits: number): Rational {
  const scaled = multiply(absolute(a), { above: 10n ** BigInt(digits), below: 1n, exact: true });
  const whole = (2n * scaled.above + scaled.below) / (2n * scaled.below);
  return rational(a.above < 0n ? -whole : whole, 10n ** BigInt(digits), a.exact);
}

/** The value as a decimal, and whether that is all of it. */
export function formatRational(a: Rational): { text: string; exact: boolean } {
  const places = decimalPlaces(a.below);
  if (a.exact && places !== undefined && places <= 60) return { text: decimal(a, places), exact: true };
  const digits = ROUNDED_DIGITS - wholeDigits(a);
  const size = String(a.below).length - String(absolute(a).above).length;
  return { text: size > 6 ? scientific(a, size + 1) : decimal(round(a, digits), digits), exact: false };
}

/** A value far below 1 with 15 digits and its power of ten. */
function scientific(a: Rational, shift: number): string {
  const raised = { ...a, above: a.above * 10n ** BigInt(shift) };
  const big = !isLess(absolute(raised), { above: 10n, below: 1n, exact: true });
  const mantissa = big ? { ...raised, below: raised.below * 10n } : raised;
  return `${decimal(round(mantissa, 14), 14)}e-${big ? shift - 1 : shift}`;
}

/** Places that the decimal of 1/`below` needs, or undefined when it never ends. */
function decimalPlaces(below: bigint): number | undefined {
  let [rest, twos, fives] = [below, 0, 0];
  for (; rest % 2n === 0n; twos += 1) rest /= 2n;
  for (; rest % 5n === 0n; fives += 1) rest /= 5n;
  return rest === 1n ? Math.max(twos, fives) : undefined;
}

/** Rounded results carry some 15 to 30 digits in all. */
function wholeDigits(a: Rational): number {
  const whole = String((a.above < 0n ? -a.above : a.above) / a.below).length;
  return Math.min(ROUNDED_DIGITS - 6, Math.max(whole, a.exact ? 10 : 15));
}

function decimal(a: Rational, places: number): string {
  const scaled = (a.above * 10n ** BigInt(places)) / a.below;
  const digits = String(scaled < 0n ? -scaled : scaled).padStart(places + 1, "0");
  const fraction = places === 0 ? "" : digits.slice(-places).replace(/0+$/u, "");
  return `${scaled < 0n ? "-" : ""}${digits.slice(0, digits.length - places)}${fraction === "" ? "" : `.${fraction}`}`;
}

function toNumber(a: Rational): number {
  return Number(a.above) / Number(a.below);
}

function integerRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let guess = 1n << BigInt(Math.ceil(bits(value) / 2));
  for (;;) {
    const next = (guess + value / guess) / 2n;
    if (next >= guess) return guess;
    guess = next;
  }
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x === 0n ? 1n : x;
}

function bits(value: bigint): number {
  return (value < 0n ? -value : value).toString(2).length;
}

function limited(a: Rational): Rational {
  if (bits(a.above) > MAX_BITS || bits(a.below) > MAX_BITS) throw tooLarge();
  return a;
}

function tooLarge(): ToolError {
  return new ToolError("too_large", "the number is too large to work with");
}

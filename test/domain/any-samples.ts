import fc from "fast-check";
import type { Sample } from "../../src/domain/sample.ts";

/** As `Object.is` all the way down, with the same own keys; the order of keys does not matter. */
export function identical(left: unknown, right: unknown): boolean {
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) {
    return Object.is(left, right);
  }
  const [entries, others] = [Object.entries(left), new Map(Object.entries(right))];
  if (Array.isArray(left) !== Array.isArray(right) || entries.length !== others.size) return false;
  return entries.every(([key, value]) => others.has(key) && identical(value, others.get(key)));
}

export const anyNumber = fc.oneof(
  fc.integer({ min: 0, max: 400 }),
  fc.integer({ min: -100_000, max: 100_000 }).map((hundredths) => hundredths / 100),
  fc.maxSafeInteger(),
  fc.integer({ min: -3, max: 3 }).map((offset) => 2 ** 53 + offset),
  fc.integer({ min: -3, max: 3 }).map((offset) => -(2 ** 53) + offset),
  fc.integer({ min: -3, max: 3 }).map((offset) => 2 ** 52 + offset),
  fc.double({ noNaN: true }),
  fc.constantFrom(-0, Infinity, -Infinity, 5e-324, 1.7976931348623157e308, 0.1 + 0.2, 1e-9, 1e21),
);
const anyText = fc.oneof(
  fc.string(),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
);
const fieldName = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("power", "speed", "a", "b") },
  fc.constantFrom(
    "__proto__",
    "constructor",
    "toString",
    "toJSON",
    "hasOwnProperty",
    "",
    "0",
    "ключ",
    "\ud800",
  ),
  anyText,
);
const { value: anyValue } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constant(null),
    anyNumber,
    fc.boolean(),
    anyText,
    fc.array(tie("value"), { maxLength: 4 }),
    fc
      .array(fc.tuple(fieldName, tie("value")), { maxLength: 4 })
      .map((entries) => Object.fromEntries(entries)),
  ),
}));
const anyField = fc.tuple(
  fieldName,
  fc.oneof({ weight: 5, arbitrary: anyNumber }, { weight: 2, arbitrary: fc.constant(null) }, anyValue),
);
const anySample = fc
  .tuple(anyNumber, fc.array(anyField, { maxLength: 8 }))
  .map(([timestamp, fields]): Sample => ({ ...Object.fromEntries(fields), timestamp }));
/** Samples in no order, several of which may be of one time. */
export const anyRide = fc.array(anySample, { maxLength: 40 });

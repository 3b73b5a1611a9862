/** The farthest instant a `Date` can express, in milliseconds to either side of 1970 (ECMA-262). */
export const DATE_RANGE = 8.64e15;

/** Below, a number counts seconds; from the second one on, microseconds. */
const FIRST_MILLISECONDS = 1e11;
const FIRST_MICROSECONDS = 1e14;

const NUMBER = /^[+-]?\d+(?:\.\d*)?(?:e[+-]?\d+)?$/i;
const DATE_AND_TIME =
  /^(?:[+-]\d{6}|\d{4})-?\d\d-?\d\d[T ]\d\d(?::?\d\d(?::?\d\d(?:[.,]\d+)?)?)?(Z|[+-]\d\d(?::?\d\d)?)?$/i;

/**
 * The instant that a sample's `timestamp` tells, in epoch ms with fractions; null where it tells none that a `Date`
 * can hold. It may be a number of milliseconds, seconds or microseconds, such a number as text, or an ISO 8601
 * date with a time, which is in UTC where it has no offset.
 */
export function timestampOf(value: unknown): number | null {
  const milliseconds =
    typeof value === "number" ? fromNumber(value) : typeof value === "string" ? fromText(value.trim()) : null;
  return milliseconds !== null && Math.abs(milliseconds) <= DATE_RANGE ? milliseconds : null;
}

function fromNumber(number: number): number {
  const size = Math.abs(number);
  if (size >= FIRST_MICROSECONDS) return number / 1000;
  if (size >= FIRST_MILLISECONDS) return number;
  const milliseconds = Math.round(number * 1000);
  // By way of microseconds where it is no whole number of them, so that 0.1234 s is 123.4 ms and not a little beside it.
  return milliseconds / 1000 === number ? milliseconds : Math.round(number * 1e6) / 1000;
}

function fromText(text: string): number | null {
  if (NUMBER.test(text)) return fromNumber(Number(text));
  const match = DATE_AND_TIME.exec(text);
  if (!match) return null;
  // Temporal takes up to nine digits of a second.
  const instant = `${text.replace(/([.,]\d{9})\d+/, "$1")}${match[1] ? "" : "Z"}`;
  try {
    return Number(Temporal.Instant.from(instant).epochNanoseconds / 1000n) / 1000;
  } catch {
    return null;
  }
}

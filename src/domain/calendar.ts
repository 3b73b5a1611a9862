/*
 * Days in the rider's own time zone. A day is its number, counted from 1970-01-01; time zones are IANA names such
 * as Europe/Berlin.
 */

const DAY_MS = 86_400_000;

/** The day in a time zone at an instant in epoch ms. */
export function dayAt(time: number, timeZone: string): number {
  const { offsetNanoseconds } = Temporal.Instant.fromEpochMilliseconds(time).toZonedDateTimeISO(timeZone);
  return Math.floor((time + offsetNanoseconds / 1e6) / DAY_MS);
}

/** The first instant of a day in a time zone, in epoch ms: not always midnight, which a change of clocks may skip. */
export function startOfDay(day: number, timeZone: string): number {
  return Temporal.PlainDate.from(formatDay(day)).toZonedDateTime(timeZone).epochMilliseconds;
}

/** The first day of a month; `month` counts from 1, and 13 is January of the next year. */
export function firstOfMonth(year: number, month: number): number {
  // Date.UTC takes years below 100 for those of the 20th century.
  return new Date(0).setUTCFullYear(year, month - 1, 1) / DAY_MS;
}

/** The number of a day such as 2026-05-31. */
export function parseDay(text: string): number {
  return Date.parse(`${text}T00:00:00Z`) / DAY_MS;
}

export function formatDay(day: number): string {
  const [date = ""] = new Date(day * DAY_MS).toISOString().split("T");
  return date;
}

/** Whether a name is that of a time zone; offsets such as +01:00, which know nothing of summer time, are none. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

import { z } from "zod";
import { isTimeZone, parseDay, startOfDay } from "../domain/calendar.ts";

export const timeZone = z.string().refine(isTimeZone, { error: "is no time zone such as Europe/Berlin" });

/** A day of the rider's, or an instant. */
export const dayOrTime = z.union([z.iso.date(), z.iso.datetime({ offset: true })], {
  error: "must be a date such as 2026-05-31, or a time such as 2026-05-31T08:00:00Z",
});

/** Both included. */
export type Span = { from: Date; to: Date };

/** As far as a `Date` reaches. */
export const ALL_TIME: Span = { from: new Date(-8.64e15), to: new Date(8.64e15) };

/** The first moment that is meant, in epoch ms. */
export function beginning(text: string, zone: string): number {
  return isDay(text) ? startOfDay(parseDay(text), zone) : Date.parse(text);
}

/** From the first moment of `from` to the last of `to`; what is missing leaves that end open. */
export function spanOf(
  { from, to }: { from?: string | undefined; to?: string | undefined },
  zone: string,
): Span {
  return {
    from: from === undefined ? ALL_TIME.from : new Date(beginning(from, zone)),
    to: to === undefined ? ALL_TIME.to : new Date(end(to, zone)),
  };
}

/** The last moment that is meant, in epoch ms. */
function end(text: string, zone: string): number {
  return isDay(text) ? startOfDay(parseDay(text) + 1, zone) - 1 : Date.parse(text);
}

function isDay(text: string): boolean {
  return !text.includes("T");
}

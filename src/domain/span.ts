import { parseDay, startOfDay } from "./calendar.ts";

/** Both included. */
export type Span = { from: Date; to: Date };

/** As far as a `Date` reaches. */
export const ALL_TIME: Span = { from: new Date(-8.64e15), to: new Date(8.64e15) };

/** The first moment, in epoch ms, of what is a day by a time zone or else an instant; both as in ISO 8601. */
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

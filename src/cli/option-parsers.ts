import { InvalidArgumentError } from "commander";
import { beginning } from "../domain/span.ts";
import { dayOrTime } from "../http/time.ts";

/** Takes a number from `least` to `most`, both included. */
export function numberBetween(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = text.trim() === "" ? Number.NaN : Number(text);
    if (number >= least && number <= most) return number;
    throw new InvalidArgumentError(`Give a number from ${least} to ${most}.`);
  };
}

/** Takes the address of a server. */
export function httpUrl(text: string): string {
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return text;
  throw new InvalidArgumentError("Give an address such as http://127.0.0.1:3000.");
}

/** Takes a day, which stands for its beginning in UTC, or an instant. */
export function dayOrInstant(text: string): Date {
  const { data, error } = dayOrTime.safeParse(text);
  if (!error) return new Date(beginning(data, "UTC"));
  throw new InvalidArgumentError("Give a day such as 2026-05-31, or a time such as 2026-05-31T08:00:00Z.");
}

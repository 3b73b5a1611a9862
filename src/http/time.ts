import { z } from "zod";
import { isTimeZone } from "../domain/calendar.ts";

export const timeZone = z
  .string()
  .refine(isTimeZone, { error: "is no time zone such as Europe/Berlin" })
  .describe("A time zone by its name in the IANA database, such as Europe/Berlin.");

export const dayOrTime = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })], {
    error: "must be a date such as 2026-05-31, or a time such as 2026-05-31T08:00:00Z",
  })
  .describe("A day, by the rider's time zone, or an instant.");

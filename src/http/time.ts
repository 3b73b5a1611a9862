import { z } from "zod";
import { isTimeZone } from "../domain/calendar.ts";

export const timeZone = z.string().refine(isTimeZone, { error: "is no time zone such as Europe/Berlin" });

/** A day of the rider's, or an instant. */
export const dayOrTime = z.union([z.iso.date(), z.iso.datetime({ offset: true })], {
  error: "must be a date such as 2026-05-31, or a time such as 2026-05-31T08:00:00Z",
});

import { z } from "zod";
import { text } from "../../http/text.ts";
import { dayOrTime } from "../../http/time.ts";

export const ftpSchema = z.object({
  /** Watts. */
  ftp: z.number().int().min(1).max(2000),
  /** Where it comes from, such as "ramp test". */
  source: text(100).nullish(),
  /** A day by the rider's time zone, or an instant; without it, now. */
  effectiveFrom: dayOrTime.optional(),
});

import { z } from "zod";
import { curveMetrics } from "../../domain/mean-maximal.ts";
import { dayOrTime, timeZone } from "../../http/time.ts";

/** Days go by `tz`, or else by the user's own time zone. */
export const spanQuery = z.object({
  from: dayOrTime.optional(),
  to: dayOrTime.optional(),
  tz: timeZone.optional(),
});

export const statisticsQuery = spanQuery.extend({ sport: z.string().min(1).optional() });

export const monthlyQuery = z.object({
  year: z.coerce.number().int().min(1).max(9999),
  month: z.coerce.number().int().min(1).max(12).optional(),
  tz: timeZone.optional(),
});

export const curveQuery = spanQuery.extend({ metric: z.enum(curveMetrics).default("power") });

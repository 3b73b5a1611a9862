import { z } from "zod";
import { curveMetrics } from "../../domain/mean-maximal.ts";
import { dayOrTime, timeZone } from "../../http/time.ts";

const tz = timeZone.optional().describe("The IANA time zone that days go by; without it, the rider's own.");

export const spanQuery = z.object({
  from: dayOrTime.optional().describe("Rides that started on this day, or at this instant, or later."),
  to: dayOrTime.optional().describe("Rides that started by the end of this day, or by this instant."),
  tz,
});

export const statisticsQuery = spanQuery.extend({
  sport: z.string().min(1).optional().describe("Only rides of this sport."),
});

export const monthlyQuery = z.object({
  year: z.coerce.number<string | number>().int().min(1).max(9999),
  month: z.coerce
    .number<string | number>()
    .int()
    .min(1)
    .max(12)
    .optional()
    .describe("Only this month, from 1 to 12."),
  tz,
});

export const curveQuery = spanQuery.extend({ metric: z.enum(curveMetrics).default("power") });

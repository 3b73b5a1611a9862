import { z } from "zod";
import { curveMetrics } from "../../domain/mean-maximal.ts";
import { CYCLING } from "../../domain/sport.ts";
import { sportGroupText } from "../../http/sport.ts";
import { dayOrTime, timeZone } from "../../http/time.ts";

const tz = timeZone.optional().describe("The IANA time zone that days go by; without it, the rider's own.");

const spanQuery = z.object({
  from: dayOrTime.optional().describe("Rides that started on this day, or at this instant, or later."),
  to: dayOrTime.optional().describe("Rides that started by the end of this day, or by this instant."),
  tz,
});

export type SpanQuery = z.output<typeof spanQuery>;

export const sumsQuery = spanQuery.extend({
  sport: sportGroupText
    .optional()
    .describe("Only rides of this sport, all kinds of cycling being one; without it, of all."),
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

export const recordsQuery = spanQuery.extend({
  sport: sportGroupText.default(CYCLING).describe("Of rides of this sport, all kinds of cycling being one."),
});

export const curveQuery = recordsQuery.extend({ metric: z.enum(curveMetrics).default("power") });

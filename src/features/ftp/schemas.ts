import { z } from "zod";
import { CYCLING } from "../../domain/sport.ts";
import { sportGroupText } from "../../http/sport.ts";
import { text } from "../../http/text.ts";
import { dayOrTime } from "../../http/time.ts";

export const ftpSchema = z.object({
  ftp: z.number().int().min(1).max(2000).describe("Functional threshold power in W."),
  source: text(100).nullish().describe("Where it comes from, such as a ramp test."),
  effectiveFrom: dayOrTime
    .optional()
    .describe("The day since which it holds, by the rider's time zone, or an instant; without it, now."),
  sport: sportGroupText
    .default(CYCLING)
    .describe("Whose rides it is for; all kinds of cycling are one sport."),
});

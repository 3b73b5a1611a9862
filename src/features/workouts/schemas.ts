import { z } from "zod";
import { workoutStatuses } from "../../db/schema.ts";
import { curveMetrics } from "../../domain/mean-maximal.ts";
import { CYCLING } from "../../domain/sport.ts";
import { telemetryFormats } from "../../domain/telemetry-format.ts";
import { sportText } from "../../http/sport.ts";
import { text } from "../../http/text.ts";
import { dayOrTime } from "../../http/time.ts";
import { streamNameSchema } from "../streams/schemas.ts";

const title = text(200);
const description = text(5000);
const sport = sportText.describe(
  "Any name, compared without case. One with cycling, biking, bike or ride in it is a kind of cycling.",
);

export const idParam = z.object({ id: z.string().describe("The id of a workout.") });

export const startSchema = z.object({
  title: title.nullish(),
  description: description.nullish(),
  sport: sport.default(CYCLING),
  streamName: streamNameSchema
    .optional()
    .describe("The stream to record; made if it is not there. Without a name, one of its own."),
});

export const patchSchema = z.object({
  title: title.nullish(),
  description: description.nullish(),
  sport: sport.optional(),
});

/** From 1973 to 5138: seconds and microseconds are neither. */
export const pauseSchema = z.object({
  at: z
    .int()
    .min(1e11)
    .max(1e14 - 1)
    .optional()
    .describe("When, in epoch ms by the clock of the samples. Without it, now by the server's clock."),
});

export const completeSchema = z.object({
  archiveTelemetry: z.boolean().default(true).describe("False keeps the summary only, not the samples."),
});

export const listQuery = z.object({
  page: z.coerce.number<string | number>().int().min(1).max(1_000_000).default(1),
  limit: z.coerce.number<string | number>().int().min(1).max(100).default(20),
  status: z
    .enum(workoutStatuses)
    .optional()
    .describe("Only these. Without it, all but those that are ARCHIVED or DELETED."),
  sport: sportText
    .optional()
    .describe("Only those of this sport, without case; cycling stands for all kinds of it."),
  startDate: dayOrTime.optional().describe("Only those that started then or later."),
  endDate: dayOrTime
    .optional()
    .describe("Only those that started then or earlier; of a day all of it counts."),
  q: z.string().trim().min(1).max(200).optional().describe("Text looked for in title and description."),
});

const flag = z
  .enum(["true", "false"])
  .default("false")
  .transform((text) => text === "true");

export const getQuery = z.object({
  includeTelemetry: flag.describe("Whether the samples are in the answer too."),
});

export const deleteQuery = z.object({
  permanent: flag.describe("Purges the workout now, in place of putting it into the trash."),
});

export const telemetryQuery = z.object({
  format: z.enum(telemetryFormats).default("json"),
});

export const curveQuery = z.object({ metric: z.enum(curveMetrics).default("power") });

import { z } from "zod";
import { workoutStatuses } from "../../db/schema.ts";
import { curveMetrics } from "../../domain/mean-maximal.ts";
import { text } from "../../http/text.ts";
import { dayOrTime } from "../../http/time.ts";
import { streamNameSchema } from "../streams/schemas.ts";

const title = text(200);
const description = text(5000);
const sport = text(50).min(1);

export const idParam = z.object({ id: z.string() });

export const startSchema = z.object({
  title: title.nullish(),
  description: description.nullish(),
  sport: sport.default("cycling"),
  streamName: streamNameSchema.optional(),
});

export const patchSchema = z.object({
  title: title.nullish(),
  description: description.nullish(),
  sport: sport.optional(),
});

export const completeSchema = z.object({ archiveTelemetry: z.boolean().default(true) });

export const listQuery = z.object({
  page: z.coerce.number().int().min(1).max(1_000_000).default(1),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  status: z.enum(workoutStatuses).optional(),
  sport: z.string().min(1).optional(),
  startDate: dayOrTime.optional(),
  endDate: dayOrTime.optional(),
  /** Words looked for in title and description. */
  q: z.string().trim().min(1).max(200).optional(),
});

const flag = z.enum(["true", "false"]).transform((text) => text === "true");

export const getQuery = z.object({ includeTelemetry: flag.default(false) });

export const deleteQuery = z.object({ permanent: flag.default(false) });

export const telemetryQuery = z.object({
  format: z.enum(["json", "columns", "csv", "ndjson"]).default("json"),
});

export const curveQuery = z.object({ metric: z.enum(curveMetrics).default("power") });

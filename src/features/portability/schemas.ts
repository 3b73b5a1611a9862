import { z } from "zod";
import { workoutStatuses } from "../../db/schema.ts";
import { formatDay, parseDay } from "../../domain/calendar.ts";
import { curveMetrics } from "../../domain/mean-maximal.ts";
import { EMPTY_SUMMARY } from "../../domain/summary.ts";
import { MAX_SAMPLES } from "../../domain/telemetry-payload.ts";
import { keptProfileSchema } from "../accounts/schemas.ts";
import { ftpSchema } from "../ftp/schemas.ts";
import { streamNameSchema } from "../streams/schemas.ts";
import { startSchema } from "../workouts/schemas.ts";
import { curveSchema, summarySchema } from "../workouts/summary-schema.ts";

/*
 * The JSON in an archive of a rider's data, with the limits of the HTTP interface. What is not known here is passed
 * over, so that later versions may add to it; what changes its meaning counts the version of the format up.
 */

export const FORMAT = "bike-power-tracker-export";
export const FORMAT_VERSION = 1;

export const MANIFEST_FILE = "manifest.json";
export const PROFILE_FILE = "profile.json";
export const FTP_FILE = "ftp-history.json";
export const KEYS_FILE = "api-keys.json";
export const WORKOUTS_FOLDER = "workouts/";

const count = z.int().nonnegative();

/** As Date.toISOString writes it; years of more than four digits too, which a sensor's clock may come up with. */
const instant = z.string().transform((text, context) => {
  const time = new Date(text);
  if (!Number.isNaN(time.getTime()) && time.toISOString() === text) return time;
  context.addIssue({ code: "custom", message: "is no time such as 2026-05-31T08:00:00.000Z" });
  return z.NEVER;
});

const day = z.string().transform((text, context) => {
  const number = parseDay(text);
  if (Number.isInteger(number) && formatDay(number) === text) return number;
  context.addIssue({ code: "custom", message: "is no day such as 2026-05-31" });
  return z.NEVER;
});

export const profileFile = z.object({
  id: z.uuid(),
  email: z.string().max(254),
  ...keptProfileSchema.shape,
  createdAt: instant,
  updatedAt: instant,
  lastLoginAt: instant.nullable(),
});

export const ftpFile = z.array(
  z.object({
    id: z.uuid(),
    ftp: ftpSchema.shape.ftp,
    source: ftpSchema.shape.source,
    effectiveFrom: instant,
    effectiveDay: day,
    createdAt: instant,
    sport: ftpSchema.shape.sport,
  }),
);

/** For the rider to know; keys themselves are not in it, and cannot be imported. */
export const keysFile = z.array(
  z.object({
    name: z.string(),
    createdAt: instant,
    expiresAt: instant.nullable(),
    lastUsedAt: instant.nullable(),
  }),
);

/** By whichever version it was written. */
const archivedSummary = z.preprocess(
  (value) => (typeof value === "object" && value !== null ? { ...EMPTY_SUMMARY, ...value } : value),
  summarySchema,
);

export const workoutFile = z.object({
  id: z.uuid(),
  streamName: streamNameSchema,
  title: startSchema.shape.title,
  description: startSchema.shape.description,
  sport: startSchema.shape.sport,
  startTime: instant,
  endTime: instant.nullable(),
  duration: count.nullable(),
  status: z.enum(workoutStatuses),
  pauses: z.array(
    z.object({
      from: instant,
      to: instant.nullable(),
      fromSender: z.literal(true).optional(),
      toSender: z.literal(true).optional(),
    }),
  ),
  newRecords: z.array(
    z.object({ metric: z.enum(curveMetrics), duration: z.int().positive(), value: z.number() }),
  ),
  archivedMessages: count,
  definitionsVersion: count,
  summary: archivedSummary.nullable(),
  curves: z.object({ power: curveSchema, heartrate: curveSchema, speed: curveSchema }),
  createdAt: instant,
  updatedAt: instant,
  deletedAt: instant.nullable(),
  /** The file that comes next, and how many lines it has; null where no samples are kept. */
  samples: z.object({ file: z.string(), count: z.int().positive().max(MAX_SAMPLES) }).nullable(),
});

/** What every version of the manifest has. */
export const manifestHead = z.object({
  format: z.literal(FORMAT, { error: "is not that of a rider's data" }),
  formatVersion: z.int().positive(),
  program: z.string(),
});

export const manifestFile = manifestHead.extend({
  exportedAt: instant,
  user: z.object({ id: z.uuid(), email: z.string() }),
  counts: z.object({
    workouts: count,
    workoutsWithSamples: count,
    samples: count,
    ftpHistory: count,
    apiKeys: count,
  }),
  /** Workouts whose samples could not be read: they are there without. */
  damaged: z.array(z.uuid()),
  files: z.array(z.object({ name: z.string(), size: count, sha256: z.string() })),
});

export type Manifest = z.output<typeof manifestFile>;
export type Counts = Manifest["counts"];
export type Profile = z.output<typeof profileFile>;
export type FtpEntry = z.output<typeof ftpFile>[number];
export type ArchivedWorkout = z.output<typeof workoutFile>;

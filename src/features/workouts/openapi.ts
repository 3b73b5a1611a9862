import { z } from "zod";
import { workoutStatuses } from "../../db/schema.ts";
import { curveMetrics } from "../../domain/mean-maximal.ts";
import type { Section } from "../documents/operation.ts";
import { anything, id, sample, sentence, streamName, success, time } from "../documents/parts.ts";
import { summarySchema } from "./summary-schema.ts";

const workout = z
  .object({
    id,
    userId: id,
    streamName,
    title: z.string().nullable(),
    description: z.string().nullable(),
    sport: z.string(),
    startTime: time,
    endTime: time.nullable(),
    duration: z.int().min(0).nullable().describe("s; null while it is unfinished"),
    status: z.enum(workoutStatuses),
    summary: summarySchema.nullable().describe("Null while it is unfinished."),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: "Workout" });

const point = z.object({
  duration: z.int().min(1).describe("s"),
  value: z.number().describe("W, bpm or km/h, by the metric"),
  workoutId: id,
  achievedAt: time.describe("When the workout started."),
});
export const effort = point
  .extend({ metric: z.enum(curveMetrics) })
  .meta({ id: "Effort", description: "The best mean over a duration." });
export const curve = z.object({ points: z.array(point.meta({ id: "CurvePoint" })) });

const telemetry = z.array(sample).describe("The samples in the order of their timestamps.");
const columns = z
  .record(z.string(), z.array(anything))
  .meta({ id: "Columns", description: "One array for each field, with null where a sample lacks it." });

const changed = {
  status: 200,
  description: "The workout as it is now.",
  json: z.object({ success, workout }),
} as const;

export const workoutSection = {
  name: "Workouts",
  description: "Rides: each records a stream until it is completed, then it has a summary and its samples.",
  operations: {
    "POST /api/workouts": {
      operationId: "startWorkout",
      summary: "Start a workout",
      request: { example: { title: "Evening ride", streamName: "evening" } },
      answer: { status: 201, description: "The workout.", json: z.object({ success, workout }) },
      errors: ["too_many_streams", "stream_in_use", "buffer_unavailable"],
    },
    "GET /api/workouts": {
      operationId: "listWorkouts",
      summary: "Workouts, newest first",
      answer: {
        status: 200,
        description: "One page of them, without samples.",
        json: z.object({
          workouts: z.array(workout),
          pagination: z.object({
            page: z.int().min(1),
            limit: z.int().min(1),
            total: z.int().min(0),
            totalPages: z.int().min(0),
          }),
        }),
      },
    },
    "GET /api/workouts/by-stream/:name": {
      operationId: "findWorkoutByStream",
      summary: "The unfinished workout that records into a stream",
      answer: { status: 200, description: "The workout itself.", json: workout },
      errors: ["workout_not_found"],
    },
    "GET /api/workouts/:id": {
      operationId: "getWorkout",
      summary: "One workout",
      answer: {
        status: 200,
        description: "The workout, with its samples where these were asked for.",
        json: z.object({ workout, telemetry: telemetry.optional() }),
      },
      errors: ["workout_not_found", "ride_too_large", "buffer_unavailable"],
    },
    "GET /api/workouts/:id/summary": {
      operationId: "getSummary",
      summary: "The summary of a workout",
      description: "Of an unfinished one, worked out from what has arrived so far.",
      answer: {
        status: 200,
        description: "The summary.",
        json: z.object({ summary: summarySchema.nullable() }),
      },
      errors: ["workout_not_found", "ride_too_large", "buffer_unavailable"],
    },
    "GET /api/workouts/:id/telemetry": {
      operationId: "getTelemetry",
      summary: "The samples of a workout",
      description: "Of an unfinished one, those that have arrived so far.",
      answer: {
        status: 200,
        description: "The samples in the format that was asked for.",
        json: z.union([telemetry, columns]),
        content: {
          "text/csv": {
            schema: { type: "string", description: "RFC 4180, with a header row; null is empty." },
            example: "timestamp,power,cadence\r\n1767225600000,210,88\r\n",
          },
          "application/x-ndjson": {
            schema: { type: "string", description: "One sample a line." },
            example: '{"timestamp":1767225600000,"power":210}\n',
          },
        },
      },
      errors: ["workout_not_found", "ride_too_large", "buffer_unavailable"],
    },
    "GET /api/workouts/:id/power-curve": {
      operationId: "getWorkoutCurve",
      summary: "The best mean power of a workout over every duration",
      answer: { status: 200, description: "The curve, shortest duration first.", json: curve },
      errors: ["workout_not_found", "ride_too_large", "buffer_unavailable"],
    },
    "PATCH /api/workouts/:id": {
      operationId: "editWorkout",
      summary: "Change title, description or sport",
      description:
        "With another sport, a finished workout counts for that one's records, and is derived again if its FTP is another. The answer waits two seconds for that; what takes longer goes on.",
      request: { example: { title: "Over the pass" } },
      answer: changed,
      errors: ["workout_not_found"],
    },
    "POST /api/workouts/:id/pause": {
      operationId: "pauseWorkout",
      summary: "Pause a workout",
      description: "Apps that keep time themselves say when, so that it fits their samples.",
      request: { example: { at: 1_780_308_000_000 } },
      answer: changed,
      errors: ["workout_not_found", "invalid_workout_state"],
    },
    "POST /api/workouts/:id/resume": {
      operationId: "resumeWorkout",
      summary: "Go on with a paused workout",
      description: "Not before the pause, where both times are the sender's.",
      request: { example: { at: 1_780_308_060_000 } },
      answer: changed,
      errors: ["workout_not_found", "invalid_workout_state"],
    },
    "POST /api/workouts/:id/complete": {
      operationId: "completeWorkout",
      summary: "Complete a workout",
      description:
        "Works the summary out and stores it with the samples, then deletes the stream. Doing it twice gives the same answer.",
      answer: {
        status: 200,
        description: "The workout with its summary.",
        json: z.object({
          success,
          workout,
          archivedMessages: z.int().min(0).describe("How many messages are in the stored samples."),
          newRecords: z.array(effort).describe("The personal records that it set."),
        }),
      },
      errors: ["workout_not_found", "invalid_workout_state", "ride_too_large", "buffer_unavailable"],
    },
    "POST /api/workouts/:id/archive": {
      operationId: "archiveWorkout",
      summary: "Put a completed workout out of the default list",
      answer: changed,
      errors: ["workout_not_found", "invalid_workout_state"],
    },
    "POST /api/workouts/:id/restore": {
      operationId: "restoreWorkout",
      summary: "Bring an archived or deleted workout back",
      answer: changed,
      errors: ["workout_not_found", "invalid_workout_state"],
    },
    "DELETE /api/workouts/:id": {
      operationId: "deleteWorkout",
      summary: "Put a workout into the trash, or purge it",
      description: "An unfinished one is completed first. The trash is emptied after TRASH_DAYS.",
      answer: {
        status: 200,
        description: "It is in the trash, or gone.",
        json: z.object({ success, message: sentence }),
      },
      errors: ["workout_not_found", "invalid_workout_state", "ride_too_large", "buffer_unavailable"],
    },
  },
} satisfies Section;

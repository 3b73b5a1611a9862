import { Hono } from "hono";
import type { Sample } from "../../domain/sample.ts";
import { spanOf } from "../../domain/span.ts";
import type { TelemetryFormat } from "../../domain/telemetry-format.ts";
import { AppError } from "../../errors.ts";
import { jsonBody } from "../../http/body.ts";
import type { AppEnv } from "../../http/context.ts";
import { longWork } from "../../http/long-work.ts";
import { type Pieces, streamed, streamedJson } from "../../http/streamed.ts";
import { validate } from "../../http/validate.ts";
import type { Deps } from "../../runtime.ts";
import { findTimeZone } from "../accounts/repository.ts";
import { nameParam } from "../streams/schemas.ts";
import { completeWorkout } from "./complete.ts";
import { curvePoint } from "./efforts.ts";
import {
  archiveWorkout,
  deleteWorkout,
  editWorkout,
  pauseWorkout,
  restoreWorkout,
  resumeWorkout,
  startWorkout,
} from "./lifecycle.ts";
import { getWorkout } from "./lookup.ts";
import type { OpenRecording } from "./open-recording.ts";
import { findUnfinishedByStream, listWorkouts, type WorkoutRow } from "./repository.ts";
import {
  completeSchema,
  curveQuery,
  deleteQuery,
  getQuery,
  idParam,
  listQuery,
  patchSchema,
  pauseSchema,
  startSchema,
  telemetryQuery,
} from "./schemas.ts";
import { currentSummary, workoutCurve, workoutRecording, workoutSummary } from "./telemetry.ts";

const byId = validate("param", idParam);

const CSV_TYPE = "text/csv; charset=utf-8; header=present";

export function workoutRoutes(deps: Deps) {
  const { database, log } = deps;

  return new Hono<AppEnv>()
    .post("/", jsonBody(startSchema), async (c) => {
      const workout = await startWorkout(deps, c.get("identity").userId, c.req.valid("json"));
      return c.json({ success: true, workout: present(workout) }, 201);
    })
    .get("/", validate("query", listQuery), async (c) => {
      const query = c.req.valid("query");
      const { userId } = c.get("identity");
      const span = spanOf({ from: query.startDate, to: query.endDate }, await findTimeZone(database, userId));
      const { rows, total } = await listWorkouts(database, userId, query, span);
      const { page, limit } = query;
      return c.json({
        workouts: rows.map(present),
        pagination: { page, limit, total, totalPages: Math.ceil(total / limit) },
      });
    })
    .get("/by-stream/:name", validate("param", nameParam), async (c) => {
      const { name } = c.req.valid("param");
      const workout = await findUnfinishedByStream(database, { owner: c.get("identity").userId, name });
      if (!workout)
        throw new AppError("workout_not_found", `No unfinished workout records into the stream ${name}.`);
      return c.json(present(workout));
    })
    .get("/:id", byId, validate("query", getQuery), longWork, async (c) => {
      const workout = await getWorkout(database, c.get("identity").userId, c.req.valid("param").id);
      if (!c.req.valid("query").includeTelemetry) return c.json({ workout: present(workout) });
      const recording = await workoutRecording(deps, workout);
      return streamedJson<{ workout: ReturnType<typeof present>; telemetry: Sample[] }>(
        c,
        log,
        withTelemetry({ workout: present(workout) }, recording),
      );
    })
    .get("/:id/summary", byId, longWork, async (c) => {
      const workout = await getWorkout(database, c.get("identity").userId, c.req.valid("param").id);
      return c.json({ summary: await workoutSummary(deps, workout) });
    })
    .get("/:id/telemetry", byId, validate("query", telemetryQuery), longWork, async (c) => {
      const workout = await getWorkout(database, c.get("identity").userId, c.req.valid("param").id);
      const recording = await workoutRecording(deps, workout);
      const { format } = c.req.valid("query");
      const text = textOf(recording, format);
      switch (format) {
        case "json":
          return streamedJson<Sample[]>(c, log, text);
        case "columns":
          return streamedJson<Record<string, unknown[]>>(c, log, text);
        case "csv":
          return streamed(c, log, text, { "Content-Type": CSV_TYPE });
        case "ndjson":
          return streamed(c, log, text, { "Content-Type": "application/x-ndjson" });
      }
    })
    .get("/:id/power-curve", byId, validate("query", curveQuery), longWork, async (c) => {
      const workout = await getWorkout(database, c.get("identity").userId, c.req.valid("param").id);
      const efforts = await workoutCurve(deps, workout, c.req.valid("query").metric);
      return c.json({ points: efforts.map(curvePoint) });
    })
    .patch("/:id", byId, jsonBody(patchSchema), async (c) => {
      const workout = await editWorkout(
        deps,
        c.get("identity").userId,
        c.req.valid("param").id,
        c.req.valid("json"),
      );
      return c.json({ success: true, workout: present(workout) });
    })
    .post("/:id/pause", byId, jsonBody(pauseSchema), async (c) => {
      const { userId } = c.get("identity");
      const workout = await pauseWorkout(deps, userId, c.req.valid("param").id, c.req.valid("json"));
      return c.json({ success: true, workout: present(workout) });
    })
    .post("/:id/resume", byId, jsonBody(pauseSchema), async (c) => {
      const { userId } = c.get("identity");
      const workout = await resumeWorkout(deps, userId, c.req.valid("param").id, c.req.valid("json"));
      return c.json({ success: true, workout: present(workout) });
    })
    .post("/:id/complete", byId, jsonBody(completeSchema), longWork, async (c) => {
      const { userId } = c.get("identity");
      const workout = await completeWorkout(deps, userId, c.req.valid("param").id, c.req.valid("json"));
      const { archivedMessages, newRecords } = workout;
      const achieved = { workoutId: workout.id, achievedAt: workout.startTime };
      // Earlier versions have kept bests of zero, which are none.
      const records = newRecords.filter(({ value }) => value > 0);
      return c.json({
        success: true,
        workout: present(workout),
        archivedMessages,
        newRecords: records.map((record) => ({ ...record, ...achieved })),
      });
    })
    .post("/:id/archive", byId, longWork, async (c) => {
      const workout = await archiveWorkout(deps, c.get("identity").userId, c.req.valid("param").id);
      return c.json({ success: true, workout: present(workout) });
    })
    .post("/:id/restore", byId, async (c) => {
      const workout = await restoreWorkout(deps, c.get("identity").userId, c.req.valid("param").id);
      return c.json({ success: true, workout: present(workout) });
    })
    .delete("/:id", byId, validate("query", deleteQuery), longWork, async (c) => {
      const { permanent } = c.req.valid("query");
      await deleteWorkout(deps, c.get("identity").userId, c.req.valid("param").id, { permanent });
      return c.json({
        success: true,
        message: permanent ? "The workout is gone." : "The workout is in the trash.",
      });
    });
}

/** A workout as clients see it: without what only the service needs to know. */
function present({
  pauses,
  archivedMessages,
  archivedThrough,
  deletedAt,
  trainingStress,
  definitionsVersion,
  isStale,
  newRecords,
  ...workout
}: WorkoutRow) {
  return { ...workout, summary: currentSummary(workout) };
}

/** Closes the recording at the end, or when its reader leaves. */
async function* textOf(recording: OpenRecording, format: TelemetryFormat): Pieces {
  using reading = recording;
  yield* reading.text(format);
}

/** An object's JSON with one more field, the samples. */
async function* withTelemetry(object: object, recording: OpenRecording): Pieces {
  using reading = recording;
  yield `${JSON.stringify(object).slice(0, -1)},"telemetry":`;
  yield* reading.text("json");
  yield "}";
}

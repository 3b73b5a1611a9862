import { expect, test } from "bun:test";
import { useService } from "../../support/accounts.ts";
import { listStreams, sendBatch, streamNames } from "../streams/streams.ts";
import {
  change,
  complete,
  eachSecond,
  finishedRide,
  getWorkout,
  history,
  startRide,
  summaryOf,
  telemetryOf,
  trash,
  type Workout,
} from "./rides.ts";

const service = useService();

const STATUSES = ["ACTIVE", "PAUSED", "COMPLETED", "ARCHIVED", "DELETED"] as const;
type Status = Workout["status"];

/** A workout of ten samples in the given status. */
async function workoutIn(status: Status): Promise<Workout> {
  const { rider } = service;
  const { id, streamName } = await startRide(rider, { streamName: "ride" });
  await sendBatch(rider, streamName, eachSecond(10));
  if (status === "PAUSED") await change(rider, id, "pause");
  if (status === "COMPLETED" || status === "ARCHIVED") await complete(rider, id);
  if (status === "ARCHIVED") await change(rider, id, "archive");
  if (status === "DELETED") await trash(rider, id);
  const workout = await getWorkout(rider, id);
  expect(workout.status).toBe(status);
  return workout;
}

/** What each call makes of a workout, by its status before; a status that is missing refuses it. */
const TRANSITIONS: Record<string, Partial<Record<Status, Status>>> = {
  pause: { ACTIVE: "PAUSED" },
  resume: { PAUSED: "ACTIVE" },
  complete: { ACTIVE: "COMPLETED", PAUSED: "COMPLETED", COMPLETED: "COMPLETED", ARCHIVED: "ARCHIVED" },
  archive: { COMPLETED: "ARCHIVED" },
  restore: { ARCHIVED: "COMPLETED", DELETED: "COMPLETED" },
};

const CASES = Object.entries(TRANSITIONS).flatMap(([action, outcomes]) =>
  STATUSES.map((before) => ({ action, before, after: outcomes[before] })),
);

test.each(CASES.filter(({ after }) => after !== undefined))(
  "$action: $before → $after",
  async ({ action, before, after }) => {
    const { rider } = service;
    const { id } = await workoutIn(before);
    const answer = await rider.send<{ success: true; workout: Workout }>(
      "POST",
      `/api/workouts/${id}/${action}`,
    );
    expect(answer.success).toBe(true);
    expect(answer.workout.status).toBe(after as Status);
    expect(await getWorkout(rider, id)).toEqual(answer.workout);
    expect(await telemetryOf(rider, id)).toEqual(eachSecond(10));
  },
);

test.each(CASES.filter(({ after }) => after === undefined))(
  "$action is refused of a workout that is $before, and changes nothing",
  async ({ action, before }) => {
    const { rider } = service;
    const workout = await workoutIn(before);
    const streams = await listStreams(rider);
    service.wait(1000);
    expect(await rider.refused("POST", `/api/workouts/${workout.id}/${action}`)).toMatchObject({
      status: 409,
      code: "invalid_workout_state",
    });
    expect(await getWorkout(rider, workout.id)).toEqual(workout);
    expect(await listStreams(rider)).toEqual(streams);
    expect(await telemetryOf(rider, workout.id)).toEqual(eachSecond(10));
  },
);

test.each(STATUSES)(
  "a workout that is %s can be put into the trash and comes back completed with its ride",
  async (before) => {
    const { rider } = service;
    const { id } = await workoutIn(before);
    expect(await trash(rider, id)).toEqual({ success: true, message: expect.any(String) });
    expect(await history(rider)).toEqual([]);
    expect(await history(rider, "?status=DELETED")).toMatchObject([{ id, status: "DELETED" }]);
    expect(await streamNames(rider)).toEqual([]);

    const restored = await change(rider, id, "restore");
    expect(restored).toMatchObject({ status: "COMPLETED", summary: { sampleCount: 10, avgPower: 200 } });
    expect(await telemetryOf(rider, id)).toEqual(eachSecond(10));
    expect(await summaryOf(rider, id)).toEqual(restored.summary);
    expect(await history(rider)).toEqual([restored]);
    expect(await history(rider, "?status=DELETED")).toEqual([]);
  },
);

test.each(STATUSES)("a workout that is %s can be deleted for good", async (before) => {
  const { rider } = service;
  const { id } = await workoutIn(before);
  expect(await trash(rider, id, "?permanent=true")).toEqual({ success: true, message: expect.any(String) });
  for (const path of [id, `${id}/summary`, `${id}/telemetry`]) {
    expect(await rider.refused("GET", `/api/workouts/${path}`)).toMatchObject({
      status: 404,
      code: "workout_not_found",
    });
  }
  expect(await rider.refused("POST", `/api/workouts/${id}/restore`)).toMatchObject({ status: 404 });
  expect(await rider.refused("DELETE", `/api/workouts/${id}`)).toMatchObject({ status: 404 });
  for (const status of STATUSES) expect(await history(rider, `?status=${status}`)).toEqual([]);
  expect(await streamNames(rider)).toEqual([]);
});

test("?permanent=false is the trash, and anything else is refused", async () => {
  const { rider } = service;
  const workout = await workoutIn("COMPLETED");
  for (const value of ["yes", "1", "", "TRUE"]) {
    const refusal = await rider.refused("DELETE", `/api/workouts/${workout.id}?permanent=${value}`);
    expect(refusal).toMatchObject({ status: 400, code: "invalid_input" });
    expect(await getWorkout(rider, workout.id)).toEqual(workout);
  }
  await trash(rider, workout.id, "?permanent=false");
  expect(await getWorkout(rider, workout.id)).toMatchObject({ status: "DELETED" });
});

test("the stream of a workout that was deleted while it was unfinished is free again", async () => {
  const { rider } = service;
  const first = await workoutIn("ACTIVE");
  await trash(rider, first.id);
  const second = await startRide(rider, { streamName: "ride" });
  expect(await telemetryOf(rider, second.id)).toEqual([]);
  await change(rider, first.id, "restore");
  expect(await telemetryOf(rider, first.id)).toEqual(eachSecond(10));
  expect(await getWorkout(rider, second.id)).toEqual(second);
});

test("archiving keeps the summary and every value, over a second round too", async () => {
  const { rider } = service;
  const samples = eachSecond(500, { power: 201.5, note: "odd" });
  const before = await finishedRide(rider, samples);
  for (let round = 0; round < 2; round++) {
    const archived = await change(rider, before.id, "archive");
    expect(archived).toEqual({ ...before, status: "ARCHIVED", updatedAt: archived.updatedAt });
    expect(await telemetryOf(rider, before.id)).toEqual(samples);
    const restored = await change(rider, before.id, "restore");
    expect(restored).toEqual({ ...before, updatedAt: restored.updatedAt });
  }
  expect(await telemetryOf(rider, before.id)).toEqual(samples);
});

test("a workout without samples can be archived and restored", async () => {
  const { rider } = service;
  const { id } = await finishedRide(rider, []);
  expect((await change(rider, id, "archive")).status).toBe("ARCHIVED");
  expect((await change(rider, id, "restore")).status).toBe("COMPLETED");
  expect(await telemetryOf(rider, id)).toEqual([]);
});

test.each(["pause", "archive"])("of two that %s it at once one does", async (action) => {
  const { rider } = service;
  const { id } = await workoutIn(action === "pause" ? "ACTIVE" : "COMPLETED");
  const call = () => rider.request(`/api/workouts/${id}/${action}`, { method: "POST" });
  const answers = await Promise.all([call(), call()]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
});

test("of two that delete an unfinished workout at once neither is told to restore it", async () => {
  const { rider } = service;
  const { id } = await workoutIn("ACTIVE");
  const call = () => rider.request(`/api/workouts/${id}`, { method: "DELETE" });
  const answers = await Promise.all([call(), call()]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(await getWorkout(rider, id)).toMatchObject({ status: "DELETED", summary: { sampleCount: 10 } });
});

test("paused and resumed many times it is active, with a pause for each", async () => {
  const { rider, app } = service;
  const start = app.clock.time;
  const { id } = await startRide(rider, { streamName: "ride" });
  for (let round = 0; round < 3; round++) {
    service.wait(10_000);
    await change(rider, id, "pause");
    service.wait(5000);
    expect((await change(rider, id, "resume")).status).toBe("ACTIVE");
  }
  service.wait(54_000);
  // The last sample as it is recorded, so that the clocks agree.
  await sendBatch(rider, "ride", eachSecond(100, { power: 200 }, start));
  // 100 s less three pauses of 5 s, all within the ride.
  expect(await summaryOf(rider, id)).toMatchObject({ sampleCount: 100, elapsedTime: 100, recordedTime: 85 });
});

test("what arrives while it is paused is kept, but is no riding", async () => {
  const { rider, app } = service;
  const start = app.clock.time;
  const { id } = await startRide(rider, { streamName: "ride" });
  service.wait(9000);
  await sendBatch(rider, "ride", eachSecond(10, { power: 100 }, start));
  service.wait(1000);
  await change(rider, id, "pause");
  service.wait(9000);
  await sendBatch(rider, "ride", eachSecond(10, { power: 900 }, start + 10_000));
  service.wait(1000);
  await change(rider, id, "resume");
  service.wait(9000);
  await sendBatch(rider, "ride", eachSecond(10, { power: 200 }, start + 20_000));
  const { workout } = await complete(rider, id);
  // 10 s at 100 W and 10 s at 200 W; maxima are of samples, paused or not.
  expect(workout.summary).toMatchObject({
    sampleCount: 30,
    elapsedTime: 30,
    recordedTime: 20,
    avgPower: 150,
    totalEnergy: 3,
  });
  expect(await telemetryOf(rider, id)).toHaveLength(30);
});

test.each([
  ["an hour behind", -3_600_000],
  ["four seconds ahead", 4000],
])("a pause is one by the clock of the samples, which may be %s", async (_, ahead) => {
  const { rider, app } = service;
  const start = app.clock.time;
  const { id } = await startRide(rider, { streamName: "ride" });
  const send = (second: number, power: number) =>
    sendBatch(rider, "ride", eachSecond(10, { power }, start + ahead + second * 1000));
  service.wait(9000);
  await send(0, 100);
  service.wait(1000);
  await change(rider, id, "pause");
  // What comes a minute late says less about the clocks than what came at once.
  service.wait(10_000);
  await change(rider, id, "resume");
  service.wait(60_000);
  await send(10, 900);
  await send(20, 200);
  const before = await summaryOf(rider, id);
  expect(before).toMatchObject({ sampleCount: 30, elapsedTime: 30, recordedTime: 20, avgPower: 150 });
  expect((await complete(rider, id)).workout.summary).toEqual(before);
});

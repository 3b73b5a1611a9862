import { expect, test } from "bun:test";
import { fieldsOf, registerRider, useService } from "../../support/accounts.ts";
import { append, listStreams, streamNames } from "../streams/streams.ts";
import { type Changed, complete, getWorkout, history, RIDE_START, startRide, telemetryOf } from "./rides.ts";

const service = useService();

test("a workout begins now, active, with nothing but defaults", async () => {
  const { rider, app } = service;
  const response = await rider.request("/api/workouts", { method: "POST", json: {} });
  expect(response.status).toBe(201);
  const body = (await response.json()) as Changed;
  const now = new Date(app.clock.time).toISOString();
  expect(body).toEqual({
    success: true,
    workout: {
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      userId: rider.userId,
      streamName: expect.stringMatching(/^[A-Za-z0-9_-]{1,64}$/),
      title: null,
      description: null,
      sport: "cycling",
      startTime: now,
      endTime: null,
      duration: null,
      status: "ACTIVE",
      summary: null,
      createdAt: now,
      updatedAt: now,
    },
  });
  expect(await getWorkout(rider, body.workout.id)).toEqual(body.workout);
  expect(await listStreams(rider)).toEqual([
    { name: body.workout.streamName, length: 0, firstMessageId: null, lastMessageId: null },
  ]);
});

test("everything can be given", async () => {
  const given = { title: "Hills", description: "8 × 2 min", sport: "indoor cycling", streamName: "ride" };
  const workout = await startRide(service.rider, given);
  expect(workout).toMatchObject(given);
  expect(await streamNames(service.rider)).toEqual(["ride"]);
});

test("what is not for the client to say is ignored", async () => {
  const { rider } = service;
  const mine = { id: "my-id", userId: "somebody", status: "COMPLETED", duration: 5, summary: {} };
  const workout = await startRide(rider, { ...mine, createdAt: "2020-01-01T00:00:00Z" });
  expect(workout).toMatchObject({ userId: rider.userId, status: "ACTIVE", duration: null, summary: null });
  expect(workout.id).not.toBe("my-id");
});

test.each([
  ["no body", {}],
  ["an empty body", { body: "" }],
  ["an empty body said to be JSON", { body: "", headers: { "Content-Type": "application/json" } }],
])("%s will do", async (_name, init) => {
  const response = await service.rider.request("/api/workouts", { method: "POST", ...init });
  expect(response.status).toBe(201);
});

test("workouts without a stream's name have streams of their own", async () => {
  const { rider } = service;
  const started = await Promise.all([startRide(rider), startRide(rider), startRide(rider)]);
  expect(new Set(started.map(({ streamName }) => streamName)).size).toBe(3);
  expect(await streamNames(rider)).toEqual(started.map(({ streamName }) => streamName).sort());
});

test("one unfinished workout records into a stream, active or paused", async () => {
  const { rider } = service;
  const first = await startRide(rider, { streamName: "ride" });
  const again = { json: { streamName: "ride" } };
  expect(await rider.refused("POST", "/api/workouts", again)).toMatchObject({
    status: 409,
    code: "stream_in_use",
  });
  await rider.send("POST", `/api/workouts/${first.id}/pause`);
  expect(await rider.refused("POST", "/api/workouts", again)).toMatchObject({
    status: 409,
    code: "stream_in_use",
  });
  expect(await history(rider)).toMatchObject([{ id: first.id, status: "PAUSED" }]);

  await complete(rider, first.id);
  const second = await startRide(rider, { streamName: "ride" });
  expect(second.id).not.toBe(first.id);
  expect(await streamNames(rider)).toEqual(["ride"]);
});

test("of several that start on a stream at once one does", async () => {
  const { rider } = service;
  const start = () => rider.request("/api/workouts", { method: "POST", json: { streamName: "ride" } });
  const answers = await Promise.all([start(), start(), start()]);
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
  expect(await history(rider)).toHaveLength(1);
});

test("a start that is refused leaves what was recorded", async () => {
  const { rider } = service;
  const { id } = await startRide(rider, { streamName: "ride" });
  await append(rider, "ride", { timestamp: RIDE_START, power: 100 });
  await rider.refused("POST", "/api/workouts", { json: { streamName: "ride" } });
  expect(await telemetryOf(rider, id)).toEqual([{ timestamp: RIDE_START, power: 100 }]);
});

test("the stream may be there already, and what is in it belongs to the ride", async () => {
  const { rider } = service;
  await append(rider, "ride", { timestamp: RIDE_START, power: 100 });
  const { id } = await startRide(rider, { streamName: "ride" });
  await append(rider, "ride", { timestamp: RIDE_START + 1000, power: 200 });
  await complete(rider, id);
  expect(await telemetryOf(rider, id)).toEqual([
    { timestamp: RIDE_START, power: 100 },
    { timestamp: RIDE_START + 1000, power: 200 },
  ]);
});

test("two riders may use the same name", async () => {
  const other = await registerRider(service.app);
  const mine = await startRide(service.rider, { streamName: "ride" });
  const theirs = await startRide(other, { streamName: "ride" });
  await append(service.rider, "ride", { timestamp: RIDE_START, power: 100 });
  await append(other, "ride", { timestamp: RIDE_START + 1000, power: 200 });
  expect(await telemetryOf(service.rider, mine.id)).toEqual([{ timestamp: RIDE_START, power: 100 }]);
  expect(await telemetryOf(other, theirs.id)).toEqual([{ timestamp: RIDE_START + 1000, power: 200 }]);
});

test("the unfinished workout of a stream is found by the stream's name, without an envelope", async () => {
  const { rider } = service;
  const workout = await startRide(rider, { streamName: "ride" });
  const find = () => rider.ok<object>("/api/workouts/by-stream/ride");
  expect(await find()).toEqual(workout);
  await rider.send("POST", `/api/workouts/${workout.id}/pause`);
  expect(await find()).toMatchObject({ id: workout.id, status: "PAUSED" });

  await complete(rider, workout.id);
  const gone = await rider.refused("GET", "/api/workouts/by-stream/ride");
  expect(gone).toMatchObject({ status: 404, code: "workout_not_found" });
  const next = await startRide(rider, { streamName: "ride" });
  expect(await find()).toEqual(next);
});

test("a stream that no workout records into has no workout", async () => {
  await append(service.rider, "ride", { power: 100 });
  for (const name of ["ride", "nowhere"]) {
    const refusal = await service.rider.refused("GET", `/api/workouts/by-stream/${name}`);
    expect(refusal).toMatchObject({ status: 404, code: "workout_not_found" });
  }
  expect(await service.rider.refused("GET", "/api/workouts/by-stream/a.b")).toMatchObject({ status: 400 });
});

test.each([
  ["title", "a".repeat(201)],
  ["title", 5],
  ["description", "a".repeat(5001)],
  ["description", ["text"]],
  ["sport", ""],
  ["sport", "a".repeat(51)],
  ["sport", 5],
  ["streamName", "two words"],
  ["streamName", "a".repeat(65)],
  ["streamName", 5],
])("a %s that is no good is named, and nothing begins", async (field, value) => {
  const { rider } = service;
  const refusal = await rider.refused("POST", "/api/workouts", {
    json: { streamName: "ride", [field]: value },
  });
  expect(refusal).toMatchObject({ status: 400, code: "invalid_input" });
  expect(fieldsOf(refusal)).toEqual([field]);
  expect(await history(rider)).toEqual([]);
  expect(await listStreams(rider)).toEqual([]);
});

test.each([["[]"], ["null"], ['"ride"'], ["5"], ["{"]])("the body %s begins nothing", async (body) => {
  const init = { body, headers: { "Content-Type": "application/json" } };
  expect(await service.rider.refused("POST", "/api/workouts", init)).toMatchObject({ status: 400 });
  expect(await history(service.rider)).toEqual([]);
});

test("a title keeps every character", async () => {
  const title = "Öde 🚴 \"quotes\" 'n' \\ % _ <b>";
  const { id } = await startRide(service.rider, { title });
  expect((await getWorkout(service.rider, id)).title).toBe(title);
});

test("a title with a NUL in it is stored whole or refused, not cut off", async () => {
  const { rider } = service;
  const response = await rider.request("/api/workouts", {
    method: "POST",
    json: { title: "before\u0000after" },
  });
  if (response.status === 400) return;
  const { workout } = (await response.json()) as Changed;
  expect((await getWorkout(rider, workout.id)).title).toBe("before\u0000after");
});

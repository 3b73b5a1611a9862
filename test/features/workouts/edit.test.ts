import { expect, test } from "bun:test";
import { fieldsOf, useService } from "../../support/accounts.ts";
import {
  type Changed,
  eachSecond,
  finishedRide,
  getWorkout,
  startRide,
  telemetryOf,
  trash,
} from "./rides.ts";

const service = useService();

const edit = async (id: string, json: unknown) =>
  (await service.rider.send<Changed>("PATCH", `/api/workouts/${id}`, json)).workout;

test("what is given is changed, and only that", async () => {
  const { rider } = service;
  const before = await startRide(rider, { title: "Old", description: "as it was", streamName: "ride" });
  service.wait(1000);
  const answer = await rider.send<Changed>("PATCH", `/api/workouts/${before.id}`, { title: "New" });
  const updatedAt = new Date(service.app.clock.time).toISOString();
  expect(answer).toEqual({ success: true, workout: { ...before, title: "New", updatedAt } });
  expect(await getWorkout(rider, before.id)).toEqual(answer.workout);
  const { description, sport } = await edit(before.id, { description: "better", sport: "gravel" });
  expect({ description, sport }).toEqual({ description: "better", sport: "gravel" });
});

test("null takes title and description away", async () => {
  const { id } = await startRide(service.rider, { title: "Old", description: "as it was" });
  expect(await edit(id, { title: null })).toMatchObject({ title: null, description: "as it was" });
  expect(await edit(id, { description: null })).toMatchObject({ title: null, description: null });
});

test("other fields are ignored", async () => {
  const before = await startRide(service.rider, { title: "Old" });
  const { updatedAt: _, ...unchanged } = before;
  const others = {
    id: "x",
    userId: "x",
    status: "COMPLETED",
    streamName: "x",
    duration: 1,
    summary: {},
    endTime: "x",
  };
  expect(await edit(before.id, { ...others, startTime: "2020-01-01T00:00:00Z" })).toMatchObject(unchanged);
});

test("nothing to change is fine", async () => {
  const before = await startRide(service.rider, { title: "Old" });
  expect(await edit(before.id, {})).toMatchObject({ title: "Old", status: "ACTIVE" });
});

test("a finished workout is edited without touching its ride", async () => {
  const { rider } = service;
  const samples = eachSecond(30);
  const before = await finishedRide(rider, samples);
  const after = await edit(before.id, { title: "Named later" });
  expect(after).toEqual({ ...before, title: "Named later", updatedAt: after.updatedAt });
  expect(await telemetryOf(rider, before.id)).toEqual(samples);
});

test("of many changes at once each is there in the end", async () => {
  const { rider } = service;
  const { id } = await startRide(rider);
  await Promise.all([
    edit(id, { title: "title" }),
    edit(id, { description: "description" }),
    edit(id, { sport: "gravel" }),
    rider.send("POST", `/api/workouts/${id}/pause`),
  ]);
  expect(await getWorkout(rider, id)).toMatchObject({
    title: "title",
    description: "description",
    sport: "gravel",
    status: "PAUSED",
  });
});

test("the longest there may be", async () => {
  const { id } = await startRide(service.rider);
  const longest = { title: "a".repeat(200), description: "a".repeat(5000), sport: "a".repeat(50) };
  expect(await edit(id, longest)).toMatchObject(longest);
});

test.each([
  ["title", "a".repeat(201)],
  ["title", 5],
  ["title", {}],
  ["description", "a".repeat(5001)],
  ["description", false],
  ["sport", ""],
  ["sport", null],
  ["sport", "a".repeat(51)],
])("a %s that is no good is named, and nothing is changed", async (field, value) => {
  const { rider } = service;
  const before = await startRide(rider, { title: "Old", description: "as it was" });
  const json = { title: "New", description: "New", sport: "new", [field]: value };
  const refusal = await rider.refused("PATCH", `/api/workouts/${before.id}`, { json });
  expect(refusal).toMatchObject({ status: 400, code: "invalid_input" });
  expect(fieldsOf(refusal)).toEqual([field]);
  expect(await getWorkout(rider, before.id)).toEqual(before);
});

test("all that is wrong is named at once", async () => {
  const { id } = await startRide(service.rider);
  const json = { title: 5, description: 5, sport: 5 };
  const refusal = await service.rider.refused("PATCH", `/api/workouts/${id}`, { json });
  expect(fieldsOf(refusal)).toEqual(["title", "description", "sport"]);
});

test("a workout in the trash stays there when it is edited", async () => {
  const { id } = await startRide(service.rider);
  await trash(service.rider, id);
  const response = await service.rider.request(`/api/workouts/${id}`, {
    method: "PATCH",
    json: { title: "New" },
  });
  expect([200, 409]).toContain(response.status);
  expect(await getWorkout(service.rider, id)).toMatchObject({ status: "DELETED" });
});

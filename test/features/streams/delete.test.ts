import { expect, test } from "bun:test";
import { registerRider, useService } from "../../support/accounts.ts";
import { RIDE_START } from "../workouts/rides.ts";
import { append, streamNames, textsIn } from "./streams.ts";

const service = useService();

const remove = (name: string) => service.rider.send<object>("DELETE", `/api/streams/${name}`);
const refused = (name: string) => service.rider.refused("DELETE", `/api/streams/${name}`);

test("a stream is deleted with its messages", async () => {
  await append(service.rider, "ride", "old");
  await append(service.rider, "other", "kept");
  expect(await remove("ride")).toEqual({ success: true, message: expect.any(String) });
  expect(await streamNames(service.rider)).toEqual(["other"]);
  expect(await service.rider.refused("GET", "/api/streams/ride/messages")).toMatchObject({ status: 404 });

  await append(service.rider, "ride", "new");
  expect(await textsIn(service.rider, "ride")).toEqual(["new"]);
});

test("it stays deleted after a restart", async () => {
  await append(service.rider, "ride", "old");
  await remove("ride");
  await service.app.reopen();
  expect(await streamNames(service.rider)).toEqual([]);
});

test("what is not there is 404, the second time as well", async () => {
  expect(await refused("ride")).toMatchObject({ status: 404, code: "stream_not_found" });
  await append(service.rider, "ride", "old");
  await remove("ride");
  expect(await refused("ride")).toMatchObject({ status: 404 });
});

test("of two that delete it at once one finds it", async () => {
  await append(service.rider, "ride", "old");
  const answers = await Promise.all(
    [1, 2].map(() => service.rider.request("/api/streams/ride", { method: "DELETE" })),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 404]);
});

test("while a workout records into it, active or paused, it cannot be deleted", async () => {
  const { rider } = service;
  const { workout } = await rider.send<{ workout: { id: string } }>("POST", "/api/workouts", {
    streamName: "ride",
  });
  await append(rider, "ride", { power: 200 });
  expect(await refused("ride")).toMatchObject({ status: 409, code: "stream_in_use" });
  await rider.send("POST", `/api/workouts/${workout.id}/pause`);
  expect(await refused("ride")).toMatchObject({ status: 409, code: "stream_in_use" });
  expect(await textsIn(rider, "ride")).toEqual(['{"power":200}']);

  await rider.send("POST", `/api/workouts/${workout.id}/complete`);
  expect(await refused("ride")).toMatchObject({ status: 404 });
  await append(rider, "ride", "a new one");
  expect(await remove("ride")).toMatchObject({ success: true });
});

test("another rider's workout on a stream of the same name is no hindrance", async () => {
  const other = await registerRider(service.app);
  await other.send("POST", "/api/workouts", { streamName: "ride" });
  await append(service.rider, "ride", "mine");
  expect(await remove("ride")).toMatchObject({ success: true });
  expect(await streamNames(other)).toEqual(["ride"]);
});

test("what arrives while the deletion waits for a slow listener stays", async () => {
  const { app, rider } = service;
  await append(rider, "ride", "old");
  // It replays and reads nothing: the deletion waits for it, at most two seconds.
  await app.deps.hub.subscribe(rider.userId, { streamName: "ride", after: "0-0" });
  const deletion = rider.request("/api/streams/ride", { method: "DELETE" });
  const { workout } = await rider.send<{ workout: { id: string } }>("POST", "/api/workouts", {
    streamName: "ride",
  });
  await append(rider, "ride", { power: 200, timestamp: RIDE_START });
  expect((await deletion).status).toBe(200);
  const { telemetry } = await rider.ok<{ telemetry: unknown[] }>(
    `/api/workouts/${workout.id}?includeTelemetry=true`,
  );
  expect(telemetry).toEqual([{ power: 200, timestamp: RIDE_START }]);
});

import { expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { discardedStreams } from "../../../src/db/schema.ts";
import { AppError } from "../../../src/errors.ts";
import { completeWorkout } from "../../../src/features/workouts/complete.ts";
import { deleteWorkout } from "../../../src/features/workouts/lifecycle.ts";
import { useService } from "../../support/accounts.ts";
import { deleted, listen } from "../streams/events.ts";
import { append, listStreams, sendBatch, streamNames } from "../streams/streams.ts";
import {
  change,
  complete,
  eachSecond,
  getWorkout,
  history,
  RIDE_START,
  startRide,
  sweepOnce,
  telemetryOf,
  trash,
} from "./rides.ts";

const service = useService({ fresh: true });

test("if the stream cannot be read it is 503 and nothing changes; once it can be, the ride is whole", async () => {
  const { rider, app } = service;
  const started = await startRide(rider, { streamName: "ride" });
  await sendBatch(rider, "ride", eachSecond(60));
  await app.deps.buffer.close();
  const calls: [string, string][] = [
    ["POST", "/complete"],
    ["DELETE", ""],
    ["DELETE", "?permanent=true"],
    ["GET", "/summary"],
    ["GET", "/telemetry"],
    ["GET", "?includeTelemetry=true"],
  ];
  for (const [method, path] of calls) {
    const refusal = await rider.refused(method, `/api/workouts/${started.id}${path}`);
    expect(refusal).toMatchObject({
      status: 503,
      code: "buffer_unavailable",
      retryAfter: expect.stringMatching(/^\d+$/),
    });
  }
  const another = { json: { streamName: "another" } };
  expect(await rider.refused("POST", "/api/workouts", another)).toMatchObject({ status: 503 });
  expect(await history(rider)).toEqual([started]);

  await app.reopen();
  expect(await history(rider)).toEqual([started]);
  expect(await streamNames(rider)).toEqual(["ride"]);
  expect(await complete(rider, started.id)).toMatchObject({ archivedMessages: 60 });
  expect(await telemetryOf(rider, started.id)).toEqual(eachSecond(60));
});

test("if the database cannot be reached it is 503 and the stream stays; once it can be, the ride is whole", async () => {
  const { rider, app } = service;
  const { id } = await startRide(rider, { streamName: "ride" });
  await sendBatch(rider, "ride", eachSecond(60));
  app.deps.database.$client.close();
  for (const [method, path] of [
    ["POST", `/${id}/complete`],
    ["DELETE", `/${id}`],
    ["GET", ""],
  ] as const) {
    const refusal = await rider.refused(method, `/api/workouts${path}`);
    expect(refusal).toMatchObject({ status: 503, retryAfter: expect.stringMatching(/^\d+$/) });
    expect(refusal.error).not.toMatch(/sql/i);
  }
  await app.deps.database.$client.reconnect();
  expect(await listStreams(rider)).toMatchObject([{ name: "ride", length: 60 }]);
  expect(await getWorkout(rider, id)).toMatchObject({ status: "ACTIVE" });
  expect(await complete(rider, id)).toMatchObject({ archivedMessages: 60 });
});

/** The same, but that no stream can be deleted. */
function keepingStreams() {
  const { deps } = service.app;
  const deleteStream = async () => {
    throw new AppError("buffer_unavailable", "The live buffer cannot be reached.");
  };
  return { ...deps, hub: { ...deps.hub, deleteStream } };
}

test("a ride that is deleted for good does not come back, though its stream could not be deleted at first", async () => {
  const { rider, app } = service;
  const { id } = await startRide(rider, { streamName: "ride" });
  await sendBatch(rider, "ride", eachSecond(60));
  await deleteWorkout(keepingStreams(), rider.userId, id, { permanent: true });
  expect(await rider.refused("GET", `/api/workouts/${id}`)).toMatchObject({ status: 404 });
  expect(await streamNames(rider)).toEqual(["ride"]);
  // A ride that is begun on the stream meanwhile, or samples that come later, have nothing of it.
  await sendBatch(rider, "ride", eachSecond(3, { power: 1 }, app.clock.time));
  service.wait(13 * 3_600_000);
  await sweepOnce(app.deps);
  const [recovered, ...others] = await history(rider);
  expect(others).toEqual([]);
  expect(recovered?.summary).toMatchObject({ sampleCount: 3 });
  expect(await app.deps.database.select().from(discardedStreams)).toEqual([]);
});

test("a ride under way that cannot be deleted for good stays as it is", async () => {
  const { rider, app } = service;
  const { id } = await startRide(rider, { streamName: "ride" });
  await sendBatch(rider, "ride", eachSecond(60));
  // What comes after the row of the ride is gone, in the same commit.
  await app.deps.database.run(
    sql`CREATE TRIGGER refuse BEFORE INSERT ON discarded_streams BEGIN SELECT RAISE(ABORT, 'on purpose'); END`,
  );
  expect(await rider.refused("DELETE", `/api/workouts/${id}?permanent=true`)).toMatchObject({ status: 500 });
  expect(await getWorkout(rider, id)).toMatchObject({ status: "ACTIVE", summary: null });
  expect(await listStreams(rider)).toMatchObject([{ name: "ride", length: 60 }]);
  await app.deps.database.run(sql`DROP TRIGGER refuse`);
  await trash(rider, id, "?permanent=true");
  expect(await streamNames(rider)).toEqual([]);
  expect(await app.deps.database.select().from(discardedStreams)).toEqual([]);
});

test("who listens to a ride whose stream could not be deleted hears of its end by the next sweep", async () => {
  const { rider, app } = service;
  const { id } = await startRide(rider, { streamName: "ride" });
  await sendBatch(rider, "ride", eachSecond(3));
  const events = await listen(rider, "/api/streams/ride/listen");
  await events.next();
  await completeWorkout(keepingStreams(), rider.userId, id, { archiveTelemetry: true });
  expect(await streamNames(rider)).toEqual(["ride"]);
  await sweepOnce(app.deps);
  expect(await events.rest()).toEqual([deleted("ride")]);
  expect(await streamNames(rider)).toEqual([]);
});

test("a sample nested beyond measure, which earlier versions took, does not keep the ride from being completed", async () => {
  const { rider } = service;
  const { id } = await startRide(rider, { streamName: "ride" });
  await sendBatch(rider, "ride", eachSecond(10));
  const message = `{"note":${"[".repeat(50_000)}${"]".repeat(50_000)}}`;
  const key = { owner: rider.userId, name: "ride" };
  await service.app.deps.buffer.append(key, [JSON.stringify({ message, timestamp: service.app.clock.time })]);
  const { workout } = await complete(rider, id);
  expect(workout.status).toBe("COMPLETED");
  expect((await telemetryOf(rider, id)).slice(0, 10)).toEqual(eachSecond(10));
});

test("rides on one stream stay apart though the clock goes back between them", async () => {
  const { rider, app } = service;
  const rides = [1, 2, 3].map((day) => eachSecond(10, { power: 100 * day }, Date.UTC(2026, 4, day)));
  const ids: string[] = [];
  for (const samples of rides) {
    const { id } = await startRide(rider, { streamName: "ride" });
    await sendBatch(rider, "ride", samples);
    await complete(rider, id);
    ids.push(id);
    app.clock.time -= 3_600_000;
  }
  const stored = await Promise.all(ids.map((id) => telemetryOf(rider, id)));
  expect(stored.map((samples) => samples.length)).toEqual([10, 10, 10]);
  expect(stored).toEqual(rides);
  expect(await streamNames(rider)).toEqual([]);
});

/** Calls on a finished ride, each of which has no business with a later one. */
const ON_THE_OLD_RIDE = {
  "completing it again": (id: string) => complete(service.rider, id),
  "putting it into the trash": (id: string) => trash(service.rider, id),
  "deleting it for good": (id: string) => trash(service.rider, id, "?permanent=true"),
  "archiving and restoring it": async (id: string) => {
    await change(service.rider, id, "archive");
    await change(service.rider, id, "restore");
  },
};

test.each(Object.entries(ON_THE_OLD_RIDE))(
  "%s leaves the next ride on the stream alone, and who listens to it",
  async (_name, act) => {
    const { rider } = service;
    const old = await startRide(rider, { streamName: "ride" });
    await sendBatch(rider, "ride", eachSecond(3));
    await complete(rider, old.id);
    const next = await startRide(rider, { streamName: "ride" });
    const events = await listen(rider, "/api/streams/ride/listen");
    await events.next();
    const waiting = events.next();

    await act(old.id);
    expect(await listStreams(rider)).toMatchObject([{ name: "ride", length: 0 }]);
    await append(rider, "ride", { timestamp: RIDE_START, power: 300 });
    expect((await waiting)?.payload).toMatchObject({ type: "message" });
    expect(await telemetryOf(rider, next.id)).toEqual([{ timestamp: RIDE_START, power: 300 }]);
    await events.leave();
  },
);

test("who waits on a stream made again hears the ride that starts on it", async () => {
  const { rider } = service;
  const old = await startRide(rider, { streamName: "ride" });
  await sendBatch(rider, "ride", eachSecond(3));
  await complete(rider, old.id);
  await rider.send("POST", "/api/streams/create", { streamName: "ride" });
  const events = await listen(rider, "/api/streams/ride/listen");
  await events.next();
  const waiting = events.next();
  await startRide(rider, { streamName: "ride" });
  await append(rider, "ride", { power: 300 });
  expect(await waiting).not.toEqual(deleted("ride"));
  await events.leave();
});

test("a start that is refused does not end the connection of who listens to the ride", async () => {
  const { rider } = service;
  const old = await startRide(rider, { streamName: "ride" });
  await complete(rider, old.id);
  await startRide(rider, { streamName: "ride" });
  const events = await listen(rider, "/api/streams/ride/listen");
  await events.next();
  const waiting = events.next();
  expect(await rider.refused("POST", "/api/workouts", { json: { streamName: "ride" } })).toMatchObject({
    status: 409,
  });
  await append(rider, "ride", { power: 300 });
  expect(await waiting).not.toEqual(deleted("ride"));
  await events.leave();
});

test("workouts and their rides are the same after a restart", async () => {
  const { rider, app } = service;
  const active = await startRide(rider, { streamName: "active" });
  await sendBatch(rider, "active", eachSecond(5));
  const paused = await startRide(rider, { streamName: "paused" });
  await change(rider, paused.id, "pause");
  const finished = await startRide(rider, { streamName: "finished" });
  await sendBatch(rider, "finished", eachSecond(7));
  await complete(rider, finished.id);
  const before = await history(rider);
  await app.reopen();
  expect(await history(rider)).toEqual(before);
  expect(await telemetryOf(rider, active.id)).toEqual(eachSecond(5));
  expect(await telemetryOf(rider, finished.id)).toEqual(eachSecond(7));
  expect((await change(rider, paused.id, "resume")).status).toBe("ACTIVE");
});

test("a ride that is too large even compressed gets a sentence, stays in its stream, and can be deleted for good", async () => {
  const { rider, app } = service;
  const { id } = await startRide(rider, { streamName: "noise" });
  const key = { owner: rider.userId, name: "noise" };
  // Of random digits of 64 nothing but a quarter can be saved.
  const noise = () => Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))).toString("base64");
  for (let batch = 0; batch < 60; batch++) {
    const messages = Array.from({ length: 20 }, (_, index) => ({
      message: JSON.stringify({ timestamp: RIDE_START + (batch * 20 + index) * 1000, noise: noise() }),
      timestamp: RIDE_START,
    }));
    await app.deps.buffer.append(
      key,
      messages.map((message) => JSON.stringify(message)),
    );
  }
  expect(await rider.refused("POST", `/api/workouts/${id}/complete`)).toMatchObject({
    status: 413,
    code: "ride_too_large",
    error: expect.stringContaining("Its samples are still in its stream."),
  });
  expect(await streamNames(rider)).toEqual(["noise"]);
  await trash(rider, id, "?permanent=true");
  expect(await streamNames(rider)).toEqual([]);
});

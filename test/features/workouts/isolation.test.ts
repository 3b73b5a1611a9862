import { describe, expect, test } from "bun:test";
import { createApp } from "../../../src/app.ts";
import { type Rider, registerRider, useService } from "../../support/accounts.ts";
import { append, listStreams, readStream, sendBatch, streamNames, textsIn } from "../streams/streams.ts";
import {
  change,
  eachSecond,
  finishedRide,
  history,
  startRide,
  telemetryOf,
  trash,
  type Workout,
} from "./rides.ts";

const service = useService();

/** Every call on one workout, with a body that would be a good one. */
const ON_A_WORKOUT: { method: string; path: string; json?: object }[] = [
  { method: "GET", path: "" },
  { method: "GET", path: "?includeTelemetry=true" },
  { method: "GET", path: "/summary" },
  { method: "GET", path: "/telemetry" },
  { method: "GET", path: "/telemetry?format=columns" },
  { method: "GET", path: "/telemetry?format=csv" },
  { method: "GET", path: "/telemetry?format=ndjson" },
  { method: "GET", path: "/power-curve" },
  { method: "PATCH", path: "", json: { title: "mine now" } },
  { method: "POST", path: "/pause" },
  { method: "POST", path: "/resume" },
  { method: "POST", path: "/complete" },
  { method: "POST", path: "/complete", json: { archiveTelemetry: false } },
  { method: "POST", path: "/archive" },
  { method: "POST", path: "/restore" },
  { method: "DELETE", path: "" },
  { method: "DELETE", path: "?permanent=true" },
];

/** Every call on one stream that has to be there. */
const ON_A_STREAM: { method: string; path: string }[] = [
  { method: "GET", path: "/messages" },
  { method: "DELETE", path: "" },
];

/** Those that answer to any good name, since it is one's own stream that they mean. */
const ON_ANY_STREAM = ["GET /:name/listen", "POST /:name/messages", "POST /:name/messages/batch"];

function routesUnder(prefix: string, parameter: RegExp): string[] {
  const routes = createApp(service.app.deps)
    .routes.filter(({ method, path }) => method !== "ALL" && path.startsWith(prefix))
    .map(({ method, path }) => `${method} ${path.slice(prefix.length)}`)
    .filter((route) => parameter.test(route));
  return [...new Set(routes)].sort();
}

test("the tables name every route of one workout and of one stream", () => {
  const named = ON_A_WORKOUT.map(({ method, path }) => `${method} /:id${path.replace(/\?.*/, "")}`);
  expect([...new Set(named)].sort()).toEqual(routesUnder("/api/workouts", / \/:id/));
  const streams = ON_A_STREAM.map(({ method, path }) => `${method} /:name${path}`);
  expect([...streams, ...ON_ANY_STREAM].sort()).toEqual(routesUnder("/api/streams", / \/:name/));
});

const UNKNOWN = [
  "01890a5d-ac96-774b-bcce-b302099a8057",
  "1",
  "me",
  "null",
  "%20",
  "by-stream",
  "'; DROP TABLE workouts;--",
];

describe.each(UNKNOWN)("of the id %p", (id) => {
  test.each(ON_A_WORKOUT)("$method $path is 404", async ({ method, path, json }) => {
    const init = json ? { json } : {};
    const refusal = await service.rider.refused(
      method,
      `/api/workouts/${encodeURIComponent(id)}${path}`,
      init,
    );
    expect(refusal).toMatchObject({ status: 404, code: "workout_not_found" });
  });
});

/** All that a rider can see of what is theirs. */
async function everythingOf(rider: Rider): Promise<unknown> {
  const statuses = ["ACTIVE", "PAUSED", "COMPLETED", "ARCHIVED", "DELETED"];
  const workouts = (await Promise.all(statuses.map((status) => history(rider, `?status=${status}`)))).flat();
  const rides = await Promise.all(workouts.map(({ id }) => telemetryOf(rider, id)));
  const streams = await listStreams(rider);
  const messages = await Promise.all(streams.map(({ name }) => readStream(rider, name)));
  return { workouts, rides, streams, messages };
}

const THEIRS: Record<Workout["status"], (rider: Rider) => Promise<Workout>> = {
  ACTIVE: async (rider) => {
    const workout = await startRide(rider, { streamName: "ride", title: "theirs" });
    await sendBatch(rider, "ride", eachSecond(5));
    return workout;
  },
  PAUSED: async (rider) => change(rider, (await THEIRS.ACTIVE(rider)).id, "pause"),
  COMPLETED: (rider) => finishedRide(rider, eachSecond(5), { title: "theirs" }),
  ARCHIVED: async (rider) => change(rider, (await THEIRS.COMPLETED(rider)).id, "archive"),
  DELETED: async (rider) => {
    const workout = await THEIRS.COMPLETED(rider);
    await trash(rider, workout.id);
    return workout;
  },
};

describe.each(Object.entries(THEIRS))("another rider's workout that is %s", (_status, make) => {
  test("is 404 on every route, and nothing happens to it", async () => {
    const { rider, app } = service;
    const other = await registerRider(app);
    const { id, streamName } = await make(other);
    const before = await everythingOf(other);
    for (const { method, path, json } of ON_A_WORKOUT) {
      const refusal = await rider.refused(method, `/api/workouts/${id}${path}`, json ? { json } : {});
      expect({ method, path, ...refusal }).toMatchObject({
        method,
        path,
        status: 404,
        code: "workout_not_found",
      });
      expect(refusal.error).not.toContain("theirs");
    }
    const byStream = await rider.refused("GET", `/api/workouts/by-stream/${streamName}`);
    expect(byStream).toMatchObject({ status: 404, code: "workout_not_found" });
    expect(await everythingOf(other)).toEqual(before);
    expect(await history(rider)).toEqual([]);
    expect(await streamNames(rider)).toEqual([]);
  });

  test("cannot be told from one that is not there", async () => {
    const other = await registerRider(service.app);
    const { id } = await make(other);
    for (const { method, path, json } of ON_A_WORKOUT) {
      const init = json ? { json } : {};
      const theirs = await service.rider.refused(method, `/api/workouts/${id}${path}`, init);
      const none = await service.rider.refused(method, `/api/workouts/${UNKNOWN[0]}${path}`, init);
      expect(theirs).toEqual({ ...none, error: none.error.replace(UNKNOWN[0] ?? "", id) });
    }
  });
});

test("another rider's stream is 404 on every route, and nothing happens to it", async () => {
  const { rider, app } = service;
  const other = await registerRider(app);
  await sendBatch(other, "theirs", ["a", "b"]);
  const before = await everythingOf(other);
  for (const { method, path } of ON_A_STREAM) {
    const refusal = await rider.refused(method, `/api/streams/theirs${path}`);
    expect({ method, path, ...refusal }).toMatchObject({
      method,
      path,
      status: 404,
      code: "stream_not_found",
    });
  }
  expect(await streamNames(rider)).toEqual([]);
  expect(await everythingOf(other)).toEqual(before);
});

test("writing to the name of another rider's stream writes to one's own", async () => {
  const { rider, app } = service;
  const other = await registerRider(app);
  await append(other, "ride", "theirs");
  await append(rider, "ride", "mine");
  await sendBatch(rider, "ride", ["mine too"]);
  await rider.send("POST", "/api/streams/create", { streamName: "ride" });
  expect(await textsIn(rider, "ride")).toEqual(["mine", "mine too"]);
  expect(await textsIn(other, "ride")).toEqual(["theirs"]);
  await rider.send("DELETE", "/api/streams/ride");
  expect(await textsIn(other, "ride")).toEqual(["theirs"]);
});

test("everything a rider does leaves another with the same names alone", async () => {
  const { rider, app } = service;
  const other = await registerRider(app);
  await THEIRS.ACTIVE(other);
  await finishedRide(other, eachSecond(3));
  const before = await everythingOf(other);

  const { id } = await startRide(rider, { streamName: "ride" });
  await sendBatch(rider, "ride", eachSecond(4));
  await change(rider, id, "pause");
  await rider.send("POST", `/api/workouts/${id}/complete`);
  await change(rider, id, "archive");
  await trash(rider, id);
  await trash(rider, id, "?permanent=true");
  await rider.send("DELETE", "/api/streams/cleanup?retention=0");
  expect(await everythingOf(other)).toEqual(before);
});

test("a stream's name cannot reach over to another owner", async () => {
  const { rider, app } = service;
  const other = await registerRider(app);
  await append(other, "ride", "theirs");
  for (const name of [`${other.userId}/ride`, `${other.userId}:ride`, `${other.userId} ride`, "../ride"]) {
    const refusal = await rider.refused("GET", `/api/streams/${encodeURIComponent(name)}/messages`);
    expect(refusal.status).toBe(400);
  }
  const longName = `${other.userId}_ride`;
  expect(await rider.refused("GET", `/api/streams/${longName}/messages`)).toMatchObject({ status: 404 });
});

import { describe, expect, test } from "bun:test";
import { fieldsOf, registerRider, useService } from "../../support/accounts.ts";
import { append, sendBatch } from "../streams/streams.ts";
import {
  change,
  complete,
  eachSecond,
  finishedRide,
  RIDE_START,
  type Sample,
  startRide,
  trash,
} from "../workouts/rides.ts";
import { bestCurve, curveOf, rideAt, setTimeZone, valuesOf } from "./analysis.ts";

const service = useService();

const START = new Date(RIDE_START).toISOString();

/** A second each of 100, 300 and 200 W; 120, 130 and 150 bpm; 36, 18 and 18 km/h. */
const THREE_SECONDS: Sample[] = [
  { power: 100, heartrate: 120, speed: 36 },
  { power: 300, heartrate: 130, speed: 18 },
  { power: 200, heartrate: 150, speed: 18 },
].map((fields, second) => ({ timestamp: RIDE_START + second * 1000, ...fields }));
/** Their best means over one, two and three seconds. */
const POWER = { 1: 300, 2: 250, 3: 200 };
// 400 bpm in three seconds, 72 km/h.
const HEARTRATE = { 1: 150, 2: 140, 3: 133.3 };
const SPEED = { 1: 36, 2: 27, 3: 24 };

describe("of one ride", () => {
  test("is that of its summary, each point with the ride and when it began", async () => {
    const { rider } = service;
    const { id, summary } = await finishedRide(rider, THREE_SECONDS);
    const achieved = { workoutId: id, achievedAt: START };
    expect(await curveOf(rider, id)).toEqual([
      { duration: 1, value: 300, ...achieved },
      { duration: 2, value: 250, ...achieved },
      { duration: 3, value: 200, ...achieved },
    ]);
    expect(summary?.powerCurve).toEqual(POWER);
    expect(valuesOf(await curveOf(rider, id, "?metric=power"))).toEqual(POWER);
    expect(valuesOf(await curveOf(rider, id, "?metric=heartrate"))).toEqual(HEARTRATE);
    expect(valuesOf(await curveOf(rider, id, "?metric=speed"))).toEqual(SPEED);
  });

  test("is the same while it is archived or in the trash, and gone with the ride", async () => {
    const { rider } = service;
    const { id } = await finishedRide(rider, THREE_SECONDS);
    await change(rider, id, "archive");
    expect(valuesOf(await curveOf(rider, id))).toEqual(POWER);
    await trash(rider, id);
    expect(valuesOf(await curveOf(rider, id, "?metric=speed"))).toEqual(SPEED);
    await trash(rider, id, "?permanent=true");
    expect(await rider.refused("GET", `/api/workouts/${id}/power-curve`)).toMatchObject({
      status: 404,
      code: "workout_not_found",
    });
  });

  test("grows with it while it is unfinished, and is no other once it is complete", async () => {
    const { rider } = service;
    const { id, streamName } = await startRide(rider);
    expect(await curveOf(rider, id)).toEqual([]);
    for (const sample of THREE_SECONDS.slice(0, 2)) await append(rider, streamName, sample);
    // 400 W in two seconds.
    expect(valuesOf(await curveOf(rider, id))).toEqual({ 1: 300, 2: 200 });
    await sendBatch(rider, streamName, THREE_SECONDS);
    await change(rider, id, "pause");
    const [power, heartrate] = [await curveOf(rider, id), await curveOf(rider, id, "?metric=heartrate")];
    expect([valuesOf(power), valuesOf(heartrate)]).toEqual([POWER, HEARTRATE]);
    expect(await bestCurve(rider)).toEqual([]);
    await complete(rider, id, { archiveTelemetry: false });
    expect(await curveOf(rider, id)).toEqual(power);
    expect(await curveOf(rider, id, "?metric=heartrate")).toEqual(heartrate);
    expect(await bestCurve(rider)).toEqual(power);
  });

  test("is empty where there is nothing to measure", async () => {
    const { rider } = service;
    const empty = await finishedRide(rider, []);
    const onlyPower = await finishedRide(rider, eachSecond(5));
    expect(await curveOf(rider, empty.id)).toEqual([]);
    expect(await curveOf(rider, onlyPower.id, "?metric=heartrate")).toEqual([]);
  });

  test("is nobody else's to see", async () => {
    const { rider, app } = service;
    const other = await registerRider(app);
    const theirs = [await finishedRide(other, THREE_SECONDS), await startRide(other)];
    for (const { id } of [...theirs, { id: "nonsense" }]) {
      const refusal = await rider.refused("GET", `/api/workouts/${id}/power-curve`);
      expect(refusal).toMatchObject({ status: 404, code: "workout_not_found" });
    }
  });

  test.each(["cadence", "Power", ""])("of ?metric=%s there is none", async (metric) => {
    const { id } = await startRide(service.rider);
    const refusal = await service.rider.refused("GET", `/api/workouts/${id}/power-curve?metric=${metric}`);
    expect([refusal.status, ...fieldsOf(refusal)]).toEqual([400, "metric"]);
  });
});

describe("of many rides", () => {
  test("of none it is empty", async () => {
    for (const metric of ["power", "heartrate", "speed"])
      expect(await bestCurve(service.rider, `?metric=${metric}`)).toEqual([]);
  });

  test("has the best of all at each duration, with its ride and when that was", async () => {
    const { rider } = service;
    const sprint = await rideAt(rider, "2026-01-01T10:00:00Z", { power: 800, heartrate: 110 }, 3);
    const steady = await rideAt(rider, "2026-01-02T10:00:00Z", { power: 250, heartrate: 150 }, 12);
    await rideAt(await registerRider(service.app), "2026-01-03T10:00:00Z", { power: 900 }, 60);
    const ofSprint = { workoutId: sprint.id, achievedAt: "2026-01-01T10:00:00.000Z" };
    const ofSteady = { workoutId: steady.id, achievedAt: "2026-01-02T10:00:00.000Z" };
    expect(await bestCurve(rider)).toEqual([
      ...[1, 2, 3].map((duration) => ({ duration, value: 800, ...ofSprint })),
      ...[5, 8, 10].map((duration) => ({ duration, value: 250, ...ofSteady })),
    ]);
    expect(await bestCurve(rider, "?metric=heartrate")).toEqual(
      [1, 2, 3, 5, 8, 10].map((duration) => ({ duration, value: 150, ...ofSteady })),
    );
    expect(await bestCurve(rider, "?metric=speed")).toEqual([]);
  });

  test("goes beyond records, every half hour up to the longest ride in the span", async () => {
    const { rider } = service;
    // One sample every 10 s: 630 of them are 6,300 s, 360 are 3,600 s.
    const spread = (count: number, power: number, day: number) =>
      eachSecond(count, { power }, Date.UTC(2026, 0, day)).map((sample, index) => ({
        ...sample,
        timestamp: sample.timestamp + index * 9000,
      }));
    await finishedRide(rider, spread(630, 100, 1));
    await finishedRide(rider, spread(360, 200, 2));
    const curve = valuesOf(await bestCurve(rider));
    expect(curve).toMatchObject({ 1: 200, 180: 200, 480: 200, 1800: 200, 3600: 200, 5400: 100 });
    expect(Math.max(...Object.keys(curve).map(Number))).toBe(5400);
    const second = valuesOf(await bestCurve(rider, "?from=2026-01-02"));
    expect(Math.max(...Object.keys(second).map(Number))).toBe(3600);
  });

  test("leaves out what is in the trash, not what is archived; ties go to the earlier", async () => {
    const { rider } = service;
    const [later, earlier, best] = [
      await rideAt(rider, "2026-01-02T10:00:00Z", { power: 200 }, 1),
      await rideAt(rider, "2026-01-01T10:00:00Z", { power: 200 }, 1),
      await rideAt(rider, "2026-01-03T10:00:00Z", { power: 300 }, 1),
    ];
    const holder = async () => (await bestCurve(rider)).map(({ workoutId }) => workoutId);
    expect(await holder()).toEqual([best.id]);
    await change(rider, earlier.id, "archive");
    await trash(rider, best.id);
    expect(await holder()).toEqual([earlier.id]);
    await trash(rider, earlier.id);
    expect(await holder()).toEqual([later.id]);
    await change(rider, best.id, "restore");
    expect(await holder()).toEqual([best.id]);
  });

  test("is of the rides that began in the span, by the rider's days or those of tz", async () => {
    const { rider } = service;
    await rideAt(rider, "2026-03-01T23:30:00Z", { power: 300 }, 1);
    await rideAt(rider, "2026-03-02T12:00:00Z", { power: 200 }, 1);
    const best = async (query: string) => valuesOf(await bestCurve(rider, query))[1];
    expect(await best("?from=2026-03-02")).toBe(200);
    expect(await best("?from=2026-03-02&tz=Europe/Berlin")).toBe(300);
    expect(await best("?from=2026-03-01T23:30:00Z&to=2026-03-01T23:30:00Z&metric=power")).toBe(300);
    await setTimeZone(rider, "Europe/Berlin");
    expect(await best("?from=2026-03-02&to=2026-03-02")).toBe(300);
    expect(await best("?to=2026-03-01")).toBeUndefined();
  });

  test.each([
    ["metric=watts", "metric"],
    ["from=2026-1-1", "from"],
    ["to=now", "to"],
    ["from=2026-01-02&to=2026-01-01", "to"],
    ["tz=Berlin", "tz"],
  ])("?%s is refused, with %s named", async (query, field) => {
    const refusal = await service.rider.refused("GET", `/api/power-curve?${query}`);
    expect(refusal).toMatchObject({ status: 400, code: "invalid_input" });
    expect(fieldsOf(refusal)).toEqual([field]);
  });
});

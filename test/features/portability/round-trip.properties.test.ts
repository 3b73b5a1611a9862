import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import fc from "fast-check";
import { KEYS_FILE } from "../../../src/features/portability/schemas.ts";
import { type Rider, registerRider } from "../../support/accounts.ts";
import { createTestApp, type TestApp } from "../../support/app.ts";
import { sendBatch } from "../streams/streams.ts";
import { change, complete, eachSecond, startRide, trash } from "../workouts/rides.ts";
import { exportUser, filesOf, importUser } from "./archives.ts";

setDefaultTimeout(60_000);

let source: TestApp;
let target: TestApp;

beforeAll(async () => {
  [source, target] = await Promise.all([createTestApp(), createTestApp()]);
});
afterAll(() => Promise.all([source.close(), target.close()]));

const reading = fc.option(fc.oneof(fc.integer({ min: 0, max: 400 }), fc.double({ noNaN: true })), {
  nil: null,
});
const sample = fc.record(
  {
    // Within three days of late May, so that rides overlap, are reordered, and lie on both sides of an FTP.
    timestamp: fc.integer({ min: 0, max: 3 * 86_400 }).map((second) => Date.UTC(2026, 4, 29) + second * 1000),
    power: reading,
    heartrate: reading,
    speed: reading,
    note: fc.oneof(fc.string(), fc.array(fc.double({ noNaN: true }), { maxLength: 2 })),
  },
  { requiredKeys: ["timestamp"] },
);
const ride = fc.record({
  title: fc.option(fc.string({ unit: "grapheme", maxLength: 20 }), { nil: null }),
  samples: fc.array(
    fc.oneof({ weight: 20, arbitrary: sample }, { weight: 1, arbitrary: fc.constant("go!") }),
    {
      maxLength: 30,
    },
  ),
  isPaused: fc.boolean(),
  archiveTelemetry: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.constant(false)),
  end: fc.constantFrom("completed", "archived", "trashed"),
});
const ftp = fc.record({
  ftp: fc.integer({ min: 100, max: 400 }),
  source: fc.option(fc.string({ maxLength: 10 }), { nil: null }),
  effectiveFrom: fc.constantFrom("2026-01-01", "2026-05-30", "2026-05-30T13:00:00Z", "2026-05-31"),
});
const history = fc.record({
  timezone: fc.constantFrom("UTC", "Pacific/Auckland", "America/Los_Angeles"),
  rides: fc.array(ride, { maxLength: 4 }),
  ftps: fc.array(ftp, { maxLength: 3 }),
});

type Ride = typeof ride extends fc.Arbitrary<infer Value> ? Value : never;

async function doRide(rider: Rider, { title, samples, isPaused, archiveTelemetry, end }: Ride) {
  const { id, streamName } = await startRide(rider, { title: title?.replaceAll("\0", "") ?? null });
  const half = Math.ceil(samples.length / 2);
  if (half > 0) await sendBatch(rider, streamName, samples.slice(0, half));
  if (isPaused) {
    // All around the pause, so that it counts.
    await sendBatch(rider, streamName, eachSecond(20, { power: 300 }, source.clock.time - 6000));
    await change(rider, id, "pause");
    source.clock.time += 7000;
    await change(rider, id, "resume");
  }
  if (samples.length > half) await sendBatch(rider, streamName, samples.slice(half));
  await complete(rider, id, { archiveTelemetry });
  if (end === "archived") await change(rider, id, "archive");
  if (end === "trashed") await trash(rider, id);
}

test("whatever a rider has is in the export of where it was imported", async () => {
  const property = fc.asyncProperty(history, async ({ timezone, rides, ftps }) => {
    const rider = await registerRider(source);
    await rider.send("PATCH", "/api/users/me", { settings: { timezone, bike: { name: "€" } } });
    for (const value of ftps) await rider.send("PUT", "/api/users/me/ftp", value);
    for (const value of rides) await doRide(rider, value);

    const first = join(source.directory, `${rider.userId}.tar.gz`);
    const manifest = await exportUser(source, rider.userId, first);
    expect(await importUser(target, first)).toBe(rider.userId);
    const second = join(target.directory, `${rider.userId}.tar.gz`);
    const again = await exportUser(target, rider.userId, second);

    const [before, after] = [await filesOf(first), await filesOf(second)];
    // Keys are not imported.
    expect(after.get(KEYS_FILE)).toBe("[]\n");
    before.set(KEYS_FILE, "[]\n");
    expect([...after]).toEqual([...before]);
    expect(again.counts).toEqual({ ...manifest.counts, apiKeys: 0 });
    expect(manifest.counts).toMatchObject({ workouts: rides.length, ftpHistory: ftps.length, apiKeys: 1 });
  });
  await fc.assert(property, { numRuns: 10 });
});

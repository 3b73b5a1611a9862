import { test } from "bun:test";
import fc from "fast-check";
import { registerRider, useService } from "../../support/accounts.ts";
import { GROUPS, type Sport } from "./brute-force.ts";
import {
  Change,
  ChangeFtp,
  ChangeSport,
  Complete,
  expectAsModelled,
  Look,
  type Model,
  Move,
  type Real,
  Start,
} from "./model.ts";

const service = useService();

// All from small sets, so that values tie, rides begin together, and FTPs replace each other. The clocks of Berlin
// change on the 29th.
const zone = fc.constantFrom("UTC", "Europe/Berlin", "America/Los_Angeles", "Pacific/Kiritimati");
const day = fc.integer({ min: 26, max: 31 }).map((day) => `2026-03-${day}`);
const instant = fc
  .tuple(day, fc.constantFrom("00:30:00", "10:00:00", "22:30:00"))
  .map(([day, time]) => `${day}T${time}Z`);
const moment = fc.oneof(day, instant);
const pick = fc.nat({ max: 9 });
const sport = fc.constantFrom("cycling", "cycling", ...(Object.keys(GROUPS) as Sport[]));

/** Missing, null, or out of bounds are dropouts. */
const reading = (...values: number[]) => fc.constantFrom(...values, ...values, null, undefined, 30_000);
const block = fc.record({
  seconds: fc.constantFrom(1, 4, 5, 10, 30, 30, 40),
  fields: fc.record({
    power: reading(0, 100, 150, 200, 333.5),
    heartrate: reading(110, 150),
    speed: reading(0, 20, 30.5),
  }),
});
/** A gap of more than 10 s is a pause. */
const gap = fc.option(fc.record({ after: fc.nat({ max: 90 }), seconds: fc.constantFrom(1, 5, 9, 10, 24) }));

const ride = fc.record({
  start: instant,
  sport,
  blocks: fc.array(block, { minLength: 1, maxLength: 4 }),
  gap,
});
const start = ride.map(({ start, sport, blocks, gap }) => {
  const time = Date.parse(start);
  const readings = blocks.flatMap(({ seconds, fields }) => Array.from({ length: seconds }, () => fields));
  const samples = readings.slice(0, 90).map((fields, index) => {
    // With fewer samples the gap would be the usual distance between them.
    const late = gap && readings.length >= 5 && index > gap.after ? gap.seconds : 0;
    return { timestamp: time + (index + late) * 1000, ...fields };
  });
  return new Start({ start: time, sport, samples });
});

const complete = fc
  .tuple(pick, fc.constantFrom(true, true, false))
  .map(([pick, archive]) => new Complete(pick, archive));
const changeFtp = fc
  .tuple(fc.constantFrom(150, 200, 301), sport, moment)
  .map(([ftp, sport, from]) => new ChangeFtp(ftp, sport, from));
const commands = fc.commands(
  [
    start,
    start,
    start,
    complete,
    complete,
    complete,
    ...(["archive", "restore", "delete", "purge"] as const).map((action) =>
      pick.map((pick) => new Change(action, pick)),
    ),
    changeFtp,
    changeFtp,
    fc.tuple(pick, sport).map(([pick, sport]) => new ChangeSport(pick, sport)),
    zone.map((zone) => new Move(zone)),
    fc
      .tuple(
        moment,
        moment,
        fc.constantFrom("power" as const, "heartrate" as const, "speed" as const),
        sport,
        fc.option(zone, { nil: undefined }),
      )
      .map(([one, other, metric, sport, tz]) => {
        const [from = one, to = other] = [one, other].sort();
        return new Look(from, to, metric, sport, tz);
      }),
  ],
  { maxCommands: 40, size: "max" },
);

test("records, curves and efforts are what all rides together say, whatever is done to them in whatever order", async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (sequence) => {
      const model: Model = { rides: [], ftps: new Map(), zone: "UTC" };
      const real: Real = { app: service.app, rider: await registerRider(service.app) };
      await fc.asyncModelRun(() => ({ model, real }), sequence);
      await expectAsModelled(model, real);
    }),
    { numRuns: 30 },
  );
}, 30_000);

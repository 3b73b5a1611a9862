import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { recordingOf } from "../../src/domain/recording.ts";
import { DEFINITIONS_VERSION, derive } from "../../src/domain/summary.ts";
import { frozenContext, frozenRide } from "./frozen-ride.ts";

const file = `definitions-${DEFINITIONS_VERSION}.json`;
const path = join(import.meta.dir, "../fixtures", file);

/** What the definitions make of the ride, of it without power, and of it as a device without an odometer records that does so seldom. */
async function frozenDerivations() {
  const ride = frozenRide();
  const withoutPower = ride.map(({ power: _, ...sample }) => sample);
  const seldom = ride.filter((_, index) => index % 15 === 0).map(({ distance: _, ...sample }) => sample);
  return {
    ride: await derive(recordingOf(ride), frozenContext),
    withoutPower: await derive(recordingOf(withoutPower), frozenContext),
    seldom: await derive(recordingOf(seldom), frozenContext),
  };
}

test("there is a file with what the definitions of this version give", () => {
  if (existsSync(path)) return;
  throw new Error(`test/fixtures/${file} is missing: write there what frozenDerivations() gives.`);
});

test("no number has changed while the version of the definitions has not", async () => {
  const stated = JSON.parse(readFileSync(path, "utf8"));
  const derived = JSON.parse(JSON.stringify(await frozenDerivations()));
  expect(
    derived,
    "What the definitions give has changed: raise DEFINITIONS_VERSION, so that rides are derived again, and add a file for it.",
  ).toEqual(stated);
});

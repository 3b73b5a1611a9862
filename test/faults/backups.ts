import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import type { BackupReport } from "../../src/backup/create.ts";
import type { Sample } from "../../src/domain/sample.ts";
import { jsonOf } from "../backup/commands.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { type Posted, type Rider, registerRider, type Workout } from "../support/rider.ts";
import { startServer } from "../support/server.ts";
import { checkIntegrity, readStream, samplesOf, telemetryOf } from "./checks.ts";

/** Milliseconds from one sample of a rider to the next. */
const PERIOD_MS = 100;

type Ride = {
  id: string;
  /** With the time of the acknowledgement, epoch ms. */
  posts: { sample: Sample; acknowledgedAt: number }[];
  completedAt?: number;
};

type Rides = { rider: Rider; rides: Ride[]; waits: Wait[] };
/** How long a post took, in ms, and when it was answered. */
type Wait = { at: number; took: number };

/**
 * Backs a server up while riders post at 10 Hz and now and then complete a ride, which they follow with the next on the
 * same stream; then restores each backup elsewhere and looks whether it keeps its promise. Resolves to what was seen.
 */
export async function backUpUnderLoad(options: { riders: number; backups: number }): Promise<string[]> {
  await using server = await startServer({ environment: { REGISTRATION: "open" } });
  const place = { url: server.url };
  const directory = await temporaryDirectory();
  const stop = new AbortController();
  const everybody: Rides[] = [];
  for (let number = 0; number < options.riders; number++) {
    const rider = await registerRider(place, `rider${number}@example.org`);
    everybody.push({ rider, rides: [], waits: [] });
  }
  const riding = Promise.all(everybody.map((rides) => ride(rides, stop.signal)));
  const reports: BackupReport[] = [];
  try {
    while (everybody.some(({ rides }) => rides.length < 2)) await setTimeout(PERIOD_MS);
    for (let number = 0; number < options.backups; number++) {
      const to = `${directory.path}/backup ${number}`;
      reports.push(await jsonOf(["backup", "--to", to], { DATA_DIR: server.directory }));
    }
  } finally {
    stop.abort();
    await riding;
  }
  await server.signal("SIGTERM");
  const outcomes: string[] = [];
  for (const report of reports) outcomes.push(await checkRestored(report, place, everybody));
  await directory.remove();
  const began = Date.parse(reports[0]?.startedAt ?? "");
  return [
    ...outcomes,
    `before: ${waitsOf(everybody, ({ at }) => at < began)}`,
    `during: ${waitsOf(everybody, ({ at }) => at >= began)}`,
  ];
}

async function ride(everything: Rides, signal: AbortSignal): Promise<void> {
  const { rider, rides, waits } = everything;
  let second = 0;
  while (!signal.aborted) {
    const { workout } = await rider.call<{ workout: Workout }>("POST", "/api/workouts", {
      streamName: "ride",
    });
    const current: Ride = { id: workout.id, posts: [] };
    rides.push(current);
    const length = 10 + Math.random() * 20;
    while (current.posts.length < length && !signal.aborted) {
      const began = performance.now();
      const sample = { timestamp: Date.UTC(2026, 5, 1) + second * 1000, power: second % 500 };
      second += 1;
      await rider.call<Posted>("POST", "/api/streams/ride/messages", { message: sample });
      current.posts.push({ sample, acknowledgedAt: Date.now() });
      waits.push({ at: Date.now(), took: performance.now() - began });
      await setTimeout(Math.max(0, PERIOD_MS - (performance.now() - began)));
    }
    await rider.call("POST", `/api/workouts/${workout.id}/complete`);
    current.completedAt = Date.now();
  }
}

/** @param place is where the riders call */
async function checkRestored(
  report: BackupReport,
  place: { url: string },
  everybody: Rides[],
): Promise<string> {
  const directory = await temporaryDirectory();
  const restored = await jsonOf<{ startedAt: string }>(["restore", report.file], {
    DATA_DIR: directory.path,
  });
  await checkIntegrity(directory.path);
  await using server = await startServer({ directory: directory.path });
  place.url = server.url;
  const startedAt = Date.parse(restored.startedAt);
  const counts = { rides: 0, samples: 0 };
  for (const rides of everybody) {
    const { completed, samples } = await checkRider(rides, startedAt);
    counts.rides += completed;
    counts.samples += samples;
  }
  await server.signal("SIGTERM");
  await directory.remove();
  const seconds = report.durationSeconds.toFixed(1);
  return `${seconds} s, ${report.bytes} bytes: ${counts.rides} rides whole, ${counts.samples} samples there`;
}

/**
 * Everything acknowledged before the backup began is there: in a completed ride, or in the stream. The access token is
 * that of before, since what signs it is in the backup.
 */
async function checkRider({ rider, rides }: Rides, startedAt: number) {
  const completed = rides.filter(({ completedAt = Infinity }) => completedAt < startedAt);
  for (const { id, posts } of completed) {
    const { workout } = await rider.call<{ workout: Workout }>("GET", `/api/workouts/${id}`);
    equal(workout.status, "COMPLETED", "a ride completed before the backup is not");
    deepStrictEqual(
      await telemetryOf(rider, { id }),
      posts.map(({ sample }) => sample),
    );
  }
  const promised = rides
    .flatMap(({ posts }) => posts)
    .filter(({ acknowledgedAt }) => acknowledgedAt < startedAt)
    .map(({ sample }) => sample);
  checkThere([...(await archivedOf(rider)), ...samplesOf(await readStream(rider, "ride"))], promised);

  // Brought home, each sample is in one ride.
  await rider.call("DELETE", "/api/streams/cleanup?retention=0");
  const home = await archivedOf(rider);
  equal(new Set(home.map(({ timestamp }) => timestamp)).size, home.length, "samples came home twice");
  checkThere(home, promised);
  return { completed: completed.length, samples: promised.length };
}

function checkThere(found: Sample[], promised: Sample[]): void {
  const byTime = new Map(found.map((sample) => [sample.timestamp, sample]));
  const lost = promised.filter(({ timestamp }) => !byTime.has(timestamp));
  ok(lost.length === 0, `${lost.length} samples acknowledged before the backup are not in it`);
  deepStrictEqual(
    promised.map(({ timestamp }) => byTime.get(timestamp)),
    promised,
  );
}

async function archivedOf(rider: Rider): Promise<Sample[]> {
  const { workouts } = await rider.call<{ workouts: Workout[] }>("GET", "/api/workouts?limit=100");
  const finished = workouts.filter(({ status }) => status === "COMPLETED");
  return (await Promise.all(finished.map((workout) => telemetryOf(rider, workout)))).flat();
}

function waitsOf(everybody: Rides[], during: (wait: Wait) => boolean): string {
  const waits = everybody.flatMap(({ waits }) => waits.filter(during).map(({ took }) => took));
  const sorted = waits.sort((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(0);
  return `${waits.length} posts, answered within ${at(0.5)} ms (half), ${at(0.99)} ms (99%), ${at(1)} ms (all)`;
}

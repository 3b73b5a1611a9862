import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import type { Sample } from "../../src/domain/sample.ts";
import { type Completed, type Posted, type Rider, registerRider, type Workout } from "../support/rider.ts";
import { madeUpRide } from "../support/rides.ts";
import { startServer } from "../support/server.ts";
import { type MessageEvent, type ServerEvent, takeAll, takeMessages } from "../support/sse.ts";
import { openStalledReader } from "../support/stalled-reader.ts";

test("nothing is missed and nothing comes twice, however one listens", async () => {
  await using server = await startServer();
  const rider = await registerRider(server);
  const ride = madeUpRide(800);
  const elsewhere = madeUpRide(100, Date.UTC(2026, 5, 2));
  using everything = await rider.listen("listenAll");
  using fromTheBeginning = await rider.listen("ride/listen");
  const heardLive = takeAll(fromTheBeginning);
  const heardInPieces = listenInPieces(rider, "ride/listen", ride.length);
  const { workout } = await rider.call<{ workout: Workout }>("POST", "/api/workouts", { streamName: "ride" });

  const [firstHalf, secondHalf] = [ride.slice(0, 400), ride.slice(400)];
  await postOneByOne(rider, "ride", firstHalf);
  using late = await rider.listen("ride/listen?from=-");
  const heardLate = takeAll(late);
  await Promise.all([postOneByOne(rider, "ride", secondHalf), postOneByOne(rider, "elsewhere", elsewhere)]);
  const pieces = await heardInPieces;
  await rider.call<Completed>("POST", `/api/workouts/${workout.id}/complete`);

  expectWholeRide(await heardLive, "ride", ride);
  expectWholeRide(await heardLate, "ride", ride);
  expect(samplesOf(pieces.messages)).toEqual(ride);
  expect((await pieces.rest).map(({ data }) => data)).toEqual([
    { type: "stream_deleted", streamName: "ride" },
  ]);

  const all = await takeMessages(everything, ride.length + elsewhere.length);
  expect(samplesOf(all.filter(({ streamName }) => streamName === "ride"))).toEqual(ride);
  expect(samplesOf(all.filter(({ streamName }) => streamName === "elsewhere"))).toEqual(elsewhere);
  expect((await everything.next()).value?.data).toEqual({ type: "stream_deleted", streamName: "ride" });
  // Who listens to all goes on listening.
  await postOneByOne(rider, "another", ride.slice(0, 1));
  expect(samplesOf(await takeMessages(everything, 1))).toEqual(ride.slice(0, 1));
}, 20_000);

test("who listens from the start gets the whole ride though it is completed at once", async () => {
  await using server = await startServer();
  const rider = await registerRider(server);
  const ride = madeUpRide(4000);
  const { workout } = await rider.call<{ workout: Workout }>("POST", "/api/workouts", { streamName: "ride" });
  await rider.postBatch("ride", ride, "ndjson");
  using events = await rider.listen("ride/listen?from=-");
  const heard = takeAll(events);
  await rider.call<Completed>("POST", `/api/workouts/${workout.id}/complete`);
  expectWholeRide(await heard, "ride", ride);
}, 20_000);

test("who begins to listen from the start while a ride is completed gets it whole, or finds it gone", async () => {
  await using server = await startServer();
  const rider = await registerRider(server);
  const ride = madeUpRide(4500);
  const listening: Promise<MessageEvent[]>[] = [];
  for (const streamName of ["one", "two", "three", "four"]) {
    const { workout } = await rider.call<{ workout: Workout }>("POST", "/api/workouts", { streamName });
    await rider.postBatch(streamName, ride, "ndjson");
    let completed = false;
    const completing = rider.call<Completed>("POST", `/api/workouts/${workout.id}/complete`).then(() => {
      completed = true;
    });
    // One after another, so that nobody is too slow for the service to wait for.
    while (!completed) {
      const heard = takeMessages(await rider.listen(`${streamName}/listen?from=-`), ride.length);
      listening.push(heard);
      await Promise.race([heard, completing]);
    }
  }
  // Who came too late waits for another stream of that name; this ends the waiting.
  await server.signal("SIGTERM");
  const counts = (await Promise.all(listening)).map((messages) => messages.length);
  expect(counts.filter((count) => count !== 0 && count !== ride.length)).toEqual([]);
}, 20_000);

test("a batch as large as they may be reaches who listens", async () => {
  await using server = await startServer();
  const rider = await registerRider(server);
  using events = await rider.listen("ride/listen");
  const batch = largeSamples(20);
  await rider.postBatch("ride", batch, "json");
  expect(timesOf(samplesOf(await takeMessages(events, batch.length)))).toEqual(timesOf(batch));
}, 20_000);

test("readers that stall are cut off: others go on, memory stays bounded, nothing is lost", async () => {
  await using server = await startServer();
  const rider = await registerRider(server);
  using fast = await rider.listen("ride/listen");
  using stalled = await openStalledReader(`${server.url}/api/streams/ride/listen`, rider.accessToken);
  using others = await openStalledReaders(5, `${server.url}/api/streams/listenAll`, rider.accessToken);
  const before = residentMegabytes(server.pid);
  const sent: Sample[] = [];
  while (sent.length < 900) {
    const samples = largeSamples(5, sent.length);
    await rider.postBatch("ride", samples, "ndjson");
    expect(timesOf(samplesOf(await takeMessages(fast, samples.length)))).toEqual(timesOf(samples));
    sent.push(...samples);
  }
  expect(others.count).toBe(5);
  expect(residentMegabytes(server.pid) - before).toBeLessThan(200);

  const ids = [...(await stalled.readOn()).matchAll(/^id: (.+)$/gm)].map(([, id]) => id);
  expect(ids.length).toBeLessThan(sent.length / 2);
  using resumed = await rider.listen("ride/listen", ids.at(-1));
  const missed = samplesOf(await takeMessages(resumed, sent.length - ids.length));
  expect(timesOf(missed)).toEqual(timesOf(sent.slice(ids.length)));
}, 30_000);

test("readers that stall in a replay of large messages keep little memory busy", async () => {
  await using server = await startServer();
  const rider = await registerRider(server);
  for (let index = 0; index < 500; index += 20)
    await rider.postBatch("ride", largeSamples(20, index), "ndjson");
  const before = residentMegabytes(server.pid);
  using readers = await openStalledReaders(
    12,
    `${server.url}/api/streams/ride/listen?from=-`,
    rider.accessToken,
  );
  // An answer says that the server has had its turns to fill what it fills.
  using fast = await rider.listen("ride/listen?from=-");
  await takeMessages(fast, 500);
  expect(readers.count).toBe(12);
  expect(residentMegabytes(server.pid) - before).toBeLessThan(300);
}, 30_000);

/** Leaves again and again after a few messages, comes back for those that follow, and at last stays to the end. */
async function listenInPieces(
  rider: Rider,
  path: string,
  total: number,
): Promise<{ messages: MessageEvent[]; rest: Promise<ServerEvent[]> }> {
  const messages: MessageEvent[] = [];
  for (let piece = 1; messages.length < total / 2; piece++) {
    const lastId = messages.at(-1)?.id;
    // By the query every other time.
    using events = await (lastId !== undefined && piece % 2 === 0
      ? rider.listen(`${path}?lastEventId=${lastId}`)
      : rider.listen(path, lastId));
    messages.push(...(await takeMessages(events, piece)));
  }
  const events = await rider.listen(path, messages.at(-1)?.id);
  messages.push(...(await takeMessages(events, total - messages.length)));
  return { messages, rest: takeAll(events) };
}

async function postOneByOne(rider: Rider, streamName: string, samples: readonly Sample[]): Promise<void> {
  for (const message of samples)
    await rider.call<Posted>("POST", `/api/streams/${streamName}/messages`, { message });
}

function expectWholeRide(heard: ServerEvent[], streamName: string, ride: readonly Sample[]): void {
  const data = heard.map((event) => event.data);
  expect(data[0]).toEqual({ type: "connected", streamName });
  expect(samplesOf(data.filter((event) => event.type === "message"))).toEqual([...ride]);
  expect(data.at(-1)).toEqual({ type: "stream_deleted", streamName });
  expect(data).toHaveLength(ride.length + 2);
}

function samplesOf(messages: readonly MessageEvent[]): Sample[] {
  return messages.map(({ data }) => JSON.parse(data.message) as Sample);
}

function timesOf(samples: readonly Sample[]): number[] {
  return samples.map(({ timestamp }) => timestamp);
}

/** Samples of about 90 KB each. */
function largeSamples(count: number, first = 0): Sample[] {
  return Array.from({ length: count }, (_, index) => ({
    timestamp: first + index,
    note: "x".repeat(90_000),
  }));
}

async function openStalledReaders(count: number, url: string, accessToken: string) {
  const stack = new DisposableStack();
  for (let index = 0; index < count; index++) stack.use(await openStalledReader(url, accessToken));
  return { count, [Symbol.dispose]: () => stack.dispose() };
}

/** Zero where the system does not say, as anywhere but on Linux. */
function residentMegabytes(pid: number): number {
  const path = `/proc/${pid}/status`;
  return existsSync(path) ? Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(path, "utf8"))?.[1]) / 1024 : 0;
}

import { expect, test } from "bun:test";
import { useService } from "../../support/accounts.ts";
import { append, readStream, sendBatch } from "./streams.ts";

const service = useService({ fresh: true });

function parts(id: string): [number, number] {
  const [milliseconds = Number.NaN, sequence = Number.NaN] = id.split("-").map(Number);
  return [milliseconds, sequence];
}

function isAfter(later: string, earlier: string): boolean {
  const [a, b] = [parts(later), parts(earlier)];
  return a[0] > b[0] || (a[0] === b[0] && a[1] > b[1]);
}

function expectIncreasing(ids: readonly string[]): void {
  for (const [index, id] of ids.entries()) {
    expect(id).toMatch(/^\d+-\d+$/);
    const before = ids[index - 1];
    if (before !== undefined) expect([before, id, isAfter(id, before)]).toEqual([before, id, true]);
  }
}

test("an id begins with the time of arrival", async () => {
  const id = await append(service.rider, "ride", "hello");
  expect(parts(id)[0]).toBe(service.app.clock.time);
});

test("ids increase while the clock stands still, goes forward and goes back", async () => {
  const { rider, app } = service;
  const noon = app.clock.time;
  const ids: string[] = [];
  for (const time of [noon, noon, noon + 1, noon - 60_000, noon - 59_999, noon + 2, noon - 1]) {
    app.clock.time = time;
    ids.push(await append(rider, "ride", "hello"));
    const batch = await sendBatch(rider, "ride", ["a", "b"]);
    ids.push(batch.firstMessageId, batch.lastMessageId);
  }
  expectIncreasing(ids);
  const stored = await readStream(rider, "ride");
  expect(stored.map(({ id }) => id)).toEqual(ids);
  // Arrival times are the clock's, whatever the ids had to be.
  expect(stored[9]?.data.timestamp).toBe(noon - 60_000);
});

test("ids go on increasing after a restart with a clock that has gone back", async () => {
  const { rider, app } = service;
  const ids = [await append(rider, "ride", "a"), await append(rider, "ride", "b")];
  app.clock.time -= 3_600_000;
  await app.reopen();
  ids.push(await append(rider, "ride", "c"));
  expectIncreasing(ids);
  expect((await readStream(rider, "ride")).map(({ data }) => data.message)).toEqual(["a", "b", "c"]);
});

test("ids go on increasing in a stream that was deleted and made again, over a restart too", async () => {
  const { rider, app } = service;
  const ids = [await append(rider, "ride", "a")];
  await rider.send("DELETE", "/api/streams/ride");
  app.clock.time -= 1000;
  ids.push(await append(rider, "ride", "b"));
  await rider.send("DELETE", "/api/streams/ride");
  await app.reopen();
  ids.push(await append(rider, "ride", "c"));
  expectIncreasing(ids);
});

test("while the buffer cannot be reached nothing is acknowledged, and the sender is asked to come again", async () => {
  const { rider, app } = service;
  const stored = await append(rider, "ride", "before");
  await app.deps.buffer.close();
  const refusal = await rider.refused("POST", "/api/streams/ride/messages", { json: { message: "lost?" } });
  expect(refusal).toMatchObject({
    status: 503,
    code: "buffer_unavailable",
    retryAfter: expect.stringMatching(/^\d+$/),
  });
  expect(await rider.refused("GET", "/api/streams/ride/messages")).toMatchObject({ status: 503 });
  await app.reopen();
  expect((await readStream(rider, "ride")).map(({ id }) => id)).toEqual([stored]);
});

import { expect, test } from "bun:test";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { startStore, TOKEN } from "../../streams/redis-support.ts";
import { type Rider, registerRider } from "../../support/accounts.ts";
import { createTestApp, type TestApp } from "../../support/app.ts";
import { describeWithRedis } from "../../support/redis.ts";
import { append, textsIn } from "../streams/streams.ts";
import { complete, startRide } from "./rides.ts";

const HOUR_MS = 3_600_000;

/** A ride on a stream is completed while the clock is an hour ahead, which is set right after that. */
async function rideInTheFuture(app: TestApp): Promise<Rider> {
  app.clock.time += HOUR_MS;
  const rider = await registerRider(app);
  const { id } = await startRide(rider, { streamName: "evening" });
  await append(rider, "evening", { power: 200 });
  await complete(rider, id);
  app.clock.time -= HOUR_MS;
  return rider;
}

/** What is posted to a stream of the same name is all there when the next workout starts on it. */
async function expectKept(rider: Rider): Promise<void> {
  const texts = ['{"power":100}', '{"power":101}'];
  for (const text of texts) await append(rider, "evening", text);
  const { id } = await startRide(rider, { streamName: "evening" });
  expect(await textsIn(rider, "evening")).toEqual(texts);
  expect(await complete(rider, id)).toMatchObject({ archivedMessages: 2 });
}

test("a file that was lost is followed by one whose samples no earlier ride covers", async () => {
  const app = await createTestApp();
  const rider = await rideInTheFuture(app);
  await app.whileStopped(async () => {
    const files = (await readdir(app.directory)).filter((name) => name.startsWith("streams.db"));
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) await rm(join(app.directory, file));
  });
  await expectKept(rider);
  await app.close();
});

describeWithRedis("a Redis that was emptied", () => {
  test.each([
    ["while the service runs", false],
    ["while it is stopped", true],
  ])("%s gets samples that no earlier ride covers", async (_, stopped) => {
    await using store = await startStore();
    const app = await createTestApp({
      UPSTASH_REDIS_REST_URL: store.front.url,
      UPSTASH_REDIS_REST_TOKEN: TOKEN,
    });
    const rider = await rideInTheFuture(app);
    const empty = async () => {
      await store.command("FLUSHALL");
    };
    await (stopped ? app.whileStopped(empty) : empty());
    await expectKept(rider);
    await app.close();
  });
});

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { readStream } from "../faults/checks.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { hasCompiler, makeFaultyDisk } from "../support/faulty-disk.ts";
import { logInRider, type Posted, type Rider, registerRider, type Workout } from "../support/rider.ts";
import { madeUpRide } from "../support/rides.ts";
import { startServer } from "../support/server.ts";

setDefaultTimeout(60_000);

let workshop: Awaited<ReturnType<typeof temporaryDirectory>>;
let disk: Awaited<ReturnType<typeof makeFaultyDisk>>;
beforeAll(async () => {
  workshop = await temporaryDirectory();
  if (hasCompiler) disk = await makeFaultyDisk(workshop.path);
});
afterAll(() => workshop.remove());

const serve = async (more: Record<string, string> = {}) => {
  await disk.set("none");
  return startServer({ environment: { ...disk.environment, ...more } });
};

/** How long calls take that are made one after another until `until` settles, the longest of them in ms. */
async function longest(call: () => Promise<unknown>, until: Promise<unknown>): Promise<number> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  until.then(over, over);
  let most = 0;
  while (!isOver) {
    const began = performance.now();
    await call();
    most = Math.max(most, performance.now() - began);
    await Bun.sleep(5);
  }
  return most;
}

const post = (rider: Rider) =>
  rider.call<Posted>("POST", "/api/streams/ride/messages", { message: { power: 200 } });

describe.skipIf(!hasCompiler)("a disk that hangs", () => {
  test("under the database keeps only those waiting who write to it", async () => {
    await using server = await serve();
    const rider = await registerRider(server);
    await post(rider);
    await disk.set("hang bpt.db");
    const writing = rider.request("/api/workouts", { method: "POST", json: {} });
    const over = Bun.sleep(3000);
    const times = await Promise.all([
      longest(() => fetch(`${server.url}/livez`), over),
      longest(() => post(rider), over),
      longest(() => rider.call("GET", "/api/workouts"), over),
    ]);
    await disk.set("none");
    expect((await writing).status).toBe(201);
    // A third of what it hangs, for a machine that is busy.
    for (const time of times) expect(time).toBeLessThan(1000);
  });

  test("under the live buffer has posts answered 503 in time, and is told by /health; what came late is there or not", async () => {
    await using server = await serve();
    const rider = await registerRider(server);
    const before = await post(rider);
    await disk.set("hang streams.db");
    const began = performance.now();
    const first = attempt(rider);
    await disk.hangs();
    const posting = [first, ...Array.from({ length: 20 }, () => attempt(rider))];
    const others = longest(() => rider.call("GET", "/api/workouts"), Promise.all(posting));
    const answers = await Promise.all(posting);
    expect(performance.now() - began).toBeLessThan(8000);
    expect(await others).toBeLessThan(1000);
    for (const { status, retryAfter } of answers)
      expect({ status, retryAfter }).toEqual({ status: 503, retryAfter: "2" });
    expect(await health(server.url)).toMatchObject({
      status: "degraded",
      database: "connected",
      redis: "disconnected",
    });
    expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
    await disk.set("none");
    const after = await post(rider);
    expect(await health(server.url)).toMatchObject({ status: "ok" });
    const kept = (await readStream(rider, "ride")).map(({ id }) => id);
    expect(kept).toContain(before.messageId);
    expect(kept).toContain(after.messageId);
    // Of the others only the first was under way; those that waited are known not to be stored.
    expect(kept.length).toBeLessThanOrEqual(3);
  });

  test("under the database has writes answered 503 in time, reads go on, and the next writes are whole", async () => {
    await using server = await serve();
    const rider = await registerRider(server);
    await disk.set("hang bpt.db");
    const began = performance.now();
    const writes = await Promise.all(
      Array.from({ length: 5 }, () => rider.request("/api/workouts", { method: "POST", json: {} })),
    );
    expect(performance.now() - began).toBeLessThan(8000);
    expect(writes.map(({ status }) => status)).toEqual(Array(5).fill(503));
    expect(await health(server.url)).toMatchObject({
      status: "degraded",
      database: "disconnected",
      redis: "connected",
    });
    await disk.set("none");
    await rider.call("POST", "/api/workouts", { title: "after" });
    const { workouts } = await rider.call<{ workouts: Workout[] }>("GET", "/api/workouts");
    expect(workouts.map(({ title }) => title)).toContain("after");
    // The one that was under way, at most.
    expect(workouts.length).toBeLessThanOrEqual(2);
  });

  test.each(["bpt.db", "streams.db"])(
    "under %s does not keep a stop beyond its grace, which is told",
    async (name) => {
      await using server = await serve({ SHUTDOWN_GRACE_SECONDS: "1" });
      const rider = await registerRider(server);
      const before = await post(rider);
      await disk.set(`hang ${name}`);
      const late = [
        attempt(rider).catch(() => {}),
        rider.request("/api/workouts", { method: "POST", json: {} }).catch(() => {}),
      ];
      await disk.hangs();
      const began = performance.now();
      expect(await server.signal("SIGTERM")).toBe(1);
      expect(performance.now() - began).toBeLessThan(5000);
      await Promise.allSettled(late);
      expect(server.output).toContain("The disk did not let the service close its files in time");
      await disk.set("none");
      await server.restart();
      const kept = (await readStream(await logInRider(server), "ride")).map(({ id }) => id);
      expect(kept).toContain(before.messageId);
    },
  );
});

describe.skipIf(!hasCompiler)("a disk that is full, or fails once,", () => {
  test.each(["bpt.db", "streams.db"])(
    "under %s is told by /health as long as it is, and all is well after",
    async (name) => {
      await using server = await serve();
      const rider = await registerRider(server);
      await disk.set(`ENOSPC ${name}`);
      const isDatabase = name === "bpt.db";
      const write = () =>
        isDatabase
          ? rider.request("/api/workouts", { method: "POST", json: {} })
          : rider.request("/api/streams/ride/messages", { method: "POST", json: { message: { power: 1 } } });
      expect((await write()).status).toBe(503);
      expect(await health(server.url)).toMatchObject({
        status: "degraded",
        database: isDatabase ? "disconnected" : "connected",
        redis: isDatabase ? "connected" : "disconnected",
      });
      expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
      await disk.set("none");
      expect((await write()).ok).toBe(true);
      expect(await health(server.url)).toMatchObject({ status: "ok" });
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    },
  );

  test("loses no post that was acknowledged, before and after a flush that failed", async () => {
    await using server = await serve();
    const rider = await registerRider(server);
    const acknowledged = [(await post(rider)).messageId];
    await disk.set("EIO streams.db");
    expect((await attempt(rider)).status).toBe(503);
    await disk.set("none");
    for (let index = 0; index < 20; index++) acknowledged.push((await post(rider)).messageId);
    await server.kill9();
    await server.restart();
    const kept = (await readStream(rider, "ride")).map(({ id }) => id);
    expect(kept).toEqual(expect.arrayContaining(acknowledged));
  });
});

async function attempt(rider: Rider): Promise<{ status: number; retryAfter: string | null }> {
  const path = "/api/streams/ride/messages";
  const { status, headers } = await rider.request(path, {
    method: "POST",
    json: { message: { power: 200 } },
  });
  return { status, retryAfter: headers.get("Retry-After") };
}

async function health(url: string): Promise<Record<string, unknown>> {
  return (await fetch(`${url}/health`)).json() as Promise<Record<string, unknown>>;
}

test.skipIf(!Bun.which("strace"))(
  "whatever the durability, a finished ride is on the disk before its stream is gone, and samples within two seconds",
  async () => {
    const trace = `${workshop.path}/trace`;
    await using server = await startServer({ environment: { DURABILITY: "relaxed" } });
    const calls = "trace=fsync,fdatasync,pwrite64";
    const strace = Bun.spawn(
      ["strace", "-f", "-y", "-e", calls, "-s", "0", "-o", trace, "-p", String(server.pid)],
      {
        stderr: "pipe",
      },
    );
    // It says when it is there.
    await strace.stderr.getReader().read();
    const rider = await registerRider(server);
    const { workout } = await rider.call<{ workout: Workout }>("POST", "/api/workouts", {
      streamName: "ride",
    });
    await rider.postBatch("ride", madeUpRide(50), "json");
    const flushed = async () => /fdatasync\(\d+<[^>]*streams\.db-wal>/.test(await readFile(trace, "utf8"));
    const began = performance.now();
    while (!(await flushed())) {
      expect(performance.now() - began).toBeLessThan(10_000);
      await Bun.sleep(20);
    }
    const before = (await readFile(trace, "utf8")).split("\n").length;
    await rider.call("POST", `/api/workouts/${workout.id}/complete`);
    strace.kill("SIGINT");
    await strace.exited;
    const lines = (await readFile(trace, "utf8")).split("\n").slice(before - 1);
    const at = (call: string, file: string) =>
      lines.findIndex((line) => line.includes(`${call}(`) && line.includes(`/${file}>`));
    const [stored, flush, deleted] = [
      at("pwrite64", "bpt.db-wal"),
      at("fsync", "bpt.db-wal"),
      at("pwrite64", "streams.db-wal"),
    ];
    expect(stored).toBeGreaterThanOrEqual(0);
    expect(flush).toBeGreaterThan(stored);
    expect(deleted).toBeGreaterThan(flush);
  },
);

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { temporaryDirectory } from "../support/directory.ts";
import { hasCompiler, makeFaultyDisk } from "../support/faulty-disk.ts";
import { type Posted, type Rider, registerRider, type Workout } from "../support/rider.ts";
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
});

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

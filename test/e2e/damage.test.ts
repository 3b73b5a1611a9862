import { expect, setDefaultTimeout, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { overwriteMiddle } from "../support/damage.ts";
import { type Completed, registerRider, type Workout } from "../support/rider.ts";
import { madeUpRide } from "../support/rides.ts";
import { StartError, startServer, type TestServer } from "../support/server.ts";

setDefaultTimeout(60_000);

async function doctor(directory: string, ...options: string[]) {
  const command = Bun.spawn([process.execPath, "--no-env-file", "src/main.ts", "doctor", ...options], {
    env: { PATH: process.env.PATH, DATA_DIR: directory },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, errors] = await Promise.all([command.stdout.text(), command.stderr.text()]);
  return { output, errors, exitCode: await command.exited };
}

async function refusal(server: TestServer): Promise<StartError> {
  const error = await server.restart().catch((error: unknown) => error);
  if (error instanceof StartError) return error;
  throw new Error("The server was expected not to start.");
}

test("damaged files are not served; doctor names them, repairs them, and keeps what was damaged", async () => {
  await using server = await startServer();
  const rider = await registerRider(server);
  const ids: string[] = [];
  for (let ride = 0; ride < 8; ride++) {
    const { workout } = await rider.call<{ workout: Workout }>("POST", "/api/workouts", {
      streamName: "ride",
    });
    await rider.postBatch("ride", madeUpRide(600, Date.UTC(2026, 5, 1 + ride)), "ndjson");
    await rider.call<Completed>("POST", `/api/workouts/${workout.id}/complete`);
    ids.push(workout.id);
  }
  await rider.postBatch("live", madeUpRide(2000), "ndjson");
  expect(await server.signal("SIGTERM")).toBe(0);
  const sound = await doctor(server.directory);
  expect([sound.errors, sound.exitCode]).toEqual(["", 0]);

  await overwriteMiddle(join(server.directory, "bpt.db"), 2);
  await overwriteMiddle(join(server.directory, "streams.db"), 1);
  const refused = await refusal(server);
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toMatch(/^\S*\/bpt\.db is damaged: .*`bpt doctor`.*\n$/);

  const examined = await doctor(server.directory, "--json");
  expect([examined.errors, examined.exitCode]).toEqual(["There are 2 problems.\n", 1]);
  expect(JSON.parse(examined.output)).toMatchObject({ ok: false });
  expect(examined.output).toContain("streams.db is damaged");

  const repaired = await doctor(server.directory, "--repair", "--json");
  expect([repaired.errors, repaired.exitCode]).toEqual(["", 0]);
  const { repairs } = JSON.parse(repaired.output);
  expect(repairs).toMatchObject([{ outcome: "salvaged" }, { outcome: "salvaged" }]);
  const kept = (await readdir(server.directory)).filter((name) =>
    /^(bpt|streams)\.db\.damaged-\w+$/.test(name),
  );
  expect(kept).toHaveLength(2);

  await server.restart();
  const { workouts } = await rider.call<{ workouts: Workout[] }>("GET", "/api/workouts?limit=100");
  const [{ tables }] = repairs;
  expect(workouts.length).toBe(tables.workouts.salvaged + tables.workouts.lost);
  const { streams } = await rider.call<{ streams: { name: string; length: number }[] }>(
    "GET",
    "/api/streams",
  );
  expect(streams[0]?.name).toBe("live");
  expect(streams[0]?.length).toBeGreaterThan(1000);
  expect((await rider.postBatch("live", madeUpRide(10), "ndjson")).accepted).toBe(10);
});

test("a repair is refused while a server runs, and looking is not", async () => {
  await using server = await startServer();
  const refused = await doctor(server.directory, "--repair");
  expect([refused.output, refused.exitCode]).toEqual(["", 1]);
  expect(refused.errors).toContain("Another server is using the data");
  expect(await doctor(server.directory)).toMatchObject({ errors: "", exitCode: 0 });
});

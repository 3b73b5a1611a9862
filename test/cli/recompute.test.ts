import { expect, setDefaultTimeout, test } from "bun:test";
import { eq } from "drizzle-orm";
import { bestEfforts, telemetry, workouts } from "../../src/db/schema.ts";
import { eachSecond, finishedRide, getWorkout } from "../features/workouts/rides.ts";
import { useService } from "../support/accounts.ts";

setDefaultTimeout(20_000);

const service = useService({ fresh: true });
const FIRST = Date.UTC(2026, 2, 1, 10);
const DAY = 86_400_000;

/** A ride of only power: nothing but its curve is told by best efforts. */
function ride(day: number) {
  const messages = eachSecond(60, { power: 200 }, FIRST + day * DAY);
  return finishedRide(service.rider, messages, { title: `Ride\u001b[31m ${day}` });
}

/** The command as a process, on the data of the service, which goes on. */
function start(...options: string[]) {
  return Bun.spawn([process.execPath, "src/main.ts", "recompute", ...options], {
    env: { PATH: process.env.PATH, DATA_DIR: service.app.directory },
    stdout: "pipe",
    stderr: "pipe",
  });
}

async function outcome(command: ReturnType<typeof start>) {
  const [output, errors, exitCode] = await Promise.all([
    command.stdout.text(),
    command.stderr.text(),
    command.exited,
  ]);
  return { output, errors, exitCode };
}

const run = (...options: string[]) => outcome(start(...options));

test("what was right stays as it is", async () => {
  const rides = [await ride(0), await ride(1)];
  expect(await run()).toEqual({ output: "2 rides derived again, 0 changed.\n", errors: "", exitCode: 0 });
  for (const before of rides) expect(await getWorkout(service.rider, before.id)).toEqual(before);
});

test("what was wrong is put right and said", async () => {
  const { rider, app } = service;
  const [wrong, bare, right] = [await ride(0), await ride(1), await ride(2)];
  if (!wrong.summary) throw new Error("Completed without a summary");
  const summary = { ...wrong.summary, avgPower: 1, powerCurve: { 1: 300, 2: 200 } };
  await app.deps.database.update(workouts).set({ summary }).where(eq(workouts.id, wrong.id));
  await app.deps.database.delete(bestEfforts).where(eq(bestEfforts.workoutId, bare.id));

  const { output, exitCode } = await run();
  expect(exitCode).toBe(0);
  expect(output).toContain(`2026-03-01 ${wrong.id} "Ride\\u001b[31m 0"\n  avgPower: 1 → 200\n`);
  expect(output).toContain("\n  powerCurve, 1 s: 300 → 200\n  powerCurve, 3 s: none → 200\n");
  expect(output).toContain(`2026-03-02 ${bare.id} "Ride\\u001b[31m 1"\n  powerCurve: none → 10 points\n`);
  expect(output).not.toContain(right.id);
  expect(output).toEndWith("\n3 rides derived again, 2 changed.\n");
  expect((await getWorkout(rider, wrong.id)).summary).toEqual(wrong.summary);
  const { points } = await rider.ok<{ points: object[] }>(`/api/workouts/${bare.id}/power-curve`);
  expect(points).toHaveLength(10);
  expect((await run()).output).toBe("3 rides derived again, 0 changed.\n");
});

test("a rider and a day narrow it down", async () => {
  await ride(0);
  await ride(1);
  const { userId } = service.rider;
  expect((await run("--since", "2026-03-02")).output).toBe("1 ride derived again, 0 changed.\n");
  expect((await run("--user", userId)).output).toBe("2 rides derived again, 0 changed.\n");
  expect(await run("--user", "nobody@example.org")).toEqual({
    output: "",
    errors: "There is no rider nobody@example.org.\n",
    exitCode: 1,
  });
  expect(await run("--since", "2026-02-30")).toMatchObject({ output: "", exitCode: 2 });
});

test("damaged telemetry keeps nothing from the others, in the next run either", async () => {
  const { database } = service.app.deps;
  const [damaged, other] = [await ride(1), await ride(0)];
  await database
    .update(telemetry)
    .set({ data: Buffer.from("nonsense") })
    .where(eq(telemetry.workoutId, damaged.id));
  for (const attempt of [1, 2]) {
    await database.delete(bestEfforts).where(eq(bestEfforts.workoutId, other.id));
    const { output, errors, exitCode } = await run();
    expect([attempt, exitCode]).toEqual([attempt, 1]);
    expect(output).toStartWith(`${damaged.id}: `);
    expect(output).toEndWith(
      "\n1 ride derived again, 1 changed.\n1 could not be derived and stays as it is.\n",
    );
    expect(errors).toBe("Not all rides could be derived.\n");
  }
  expect((await getWorkout(service.rider, damaged.id)).summary).toEqual(damaged.summary);
});

test("a run that is stopped leaves the rest to the next one", async () => {
  const { database } = service.app.deps;
  const rides = 40;
  for (let day = 0; day < rides; day++) await ride(day);
  // Each is to be written, so that there is time to stop it.
  await database.delete(bestEfforts);
  const command = start();
  const written = async () => (await database.select().from(bestEfforts)).length > 0;
  while (!(await written())) await Bun.sleep(1);
  command.kill("SIGINT");
  const { output, errors, exitCode } = await outcome(command);
  const [, done] = /(\d+) rides? derived again/.exec(output) ?? [];
  const left = rides - Number(done);
  // It may have been too fast to be stopped.
  if (left > 0) {
    expect([errors, exitCode]).toEqual([
      `Stopped with ${left} to go. The next run, or the server, goes on.\n`,
      1,
    ]);
    const next = await run();
    expect(next.output).toStartWith(`Going on with ${left} that were left to be derived.\n`);
    expect(next.output).toEndWith(
      `\n${left} ${left === 1 ? "ride" : "rides"} derived again, ${left} changed.\n`,
    );
  }
  expect(await database.select().from(bestEfforts)).toHaveLength(rides * 10);
  expect((await run()).output).toBe(`${rides} rides derived again, 0 changed.\n`);
});

test("where there is no database none is made", async () => {
  const command = Bun.spawn([process.execPath, "src/main.ts", "recompute"], {
    env: { PATH: process.env.PATH, DATA_DIR: `${service.app.directory}/nowhere` },
    stdout: "pipe",
    stderr: "pipe",
  });
  const { errors, exitCode } = await outcome(command);
  expect(errors).toContain("There is no database at file:");
  expect(exitCode).toBe(1);
  expect(await Bun.file(`${service.app.directory}/nowhere/bpt.db`).exists()).toBe(false);
});

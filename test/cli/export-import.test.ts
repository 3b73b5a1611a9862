import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { copyFile, readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { eq } from "drizzle-orm";
import { telemetry, users, workouts } from "../../src/db/schema.ts";
import { MANIFEST_FILE, PROFILE_FILE } from "../../src/features/portability/schemas.ts";
import { MOST_HELD } from "../../src/features/workouts/open-recording.ts";
import { login, PASSWORD } from "../features/accounts/accounts.ts";
import { type Files, filesOf, writeFiles } from "../features/portability/archives.ts";
import { listStreams, sendBatch } from "../features/streams/streams.ts";
import {
  change,
  complete,
  eachSecond,
  finishedRide,
  getWorkout,
  history,
  startRide,
  telemetryOf,
  trash,
} from "../features/workouts/rides.ts";
import { type Rider, registerRider } from "../support/accounts.ts";
import { createTestApp, type TestApp } from "../support/app.ts";
import { runCommand } from "../support/command.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { loadEdge810 } from "../support/rides.ts";

setDefaultTimeout(60_000);

const EMAIL = "rider@example.org";
const DAY = 86_400_000;
const FIRST = Date.UTC(2026, 4, 28, 8);

let source: TestApp;
let target: TestApp;
let rider: Rider;
let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
let archive: string;

beforeEach(async () => {
  [source, target, temporary] = await Promise.all([createTestApp(), createTestApp(), temporaryDirectory()]);
  rider = await registerRider(source, EMAIL);
  archive = join(temporary.path, "rider.tar.gz");
});
afterEach(async () => {
  await Promise.all([source.close(), target.close()]);
  await temporary.remove();
});

const runExport = (...options: string[]) =>
  runCommand(["export", EMAIL, "--to", archive, ...options], { DATA_DIR: source.directory });
const runImport = (...options: string[]) =>
  runCommand(["import", archive, ...options], { DATA_DIR: target.directory }, { input: `${PASSWORD}\n` });

/** Four finished rides on four days: one archived, one in the trash, one without its samples. */
async function rideAWhile(): Promise<void> {
  const samples = loadEdge810()?.samples.slice(0, 2000) ?? eachSecond(2000, { power: 210, heartrate: 140 });
  const ride = (day: number, power: number) =>
    samples.map((sample, second) => ({
      ...sample,
      power: power + (second % 90),
      timestamp: FIRST + day * DAY + second * 1000,
    }));
  await rider.send("PATCH", "/api/users/me", { displayName: "Zoë", settings: { timezone: "Europe/Berlin" } });
  await rider.send("PUT", "/api/users/me/ftp", { ftp: 250, source: "guess", effectiveFrom: "2026-05-29" });
  await finishedRide(rider, ride(0, 150), { title: "first", streamName: "evening" });
  const archived = await finishedRide(rider, ride(1, 180), { description: "two\nlines" });
  await change(rider, archived.id, "archive");
  const trashed = await finishedRide(rider, ride(2, 300), { sport: "running" });
  await trash(rider, trashed.id);
  const bare = await startRide(rider, { title: "no samples kept" });
  await sendBatch(rider, bare.streamName, ride(3, 170));
  await complete(rider, bare.id, { archiveTelemetry: false });
}

/** All that the HTTP interface tells of rides and what is worked out from them. */
async function everythingOf(rider: Rider): Promise<Record<string, unknown>> {
  const answers: Record<string, unknown> = {};
  const statuses = ["ACTIVE", "PAUSED", "COMPLETED", "ARCHIVED", "DELETED"];
  const rides = (
    await Promise.all(statuses.map((status) => history(rider, `?status=${status}&limit=100`)))
  ).flat();
  const paths = [
    "/api/users/me/ftp-history",
    "/api/records",
    "/api/power-curve",
    "/api/power-curve?metric=heartrate",
    "/api/power-curve?metric=speed",
    "/api/stats",
    "/api/stats/monthly?year=2026",
    "/api/training-load?to=2026-06-10",
    ...rides.flatMap(({ id }) => [
      `/api/workouts/${id}?includeTelemetry=true`,
      `/api/workouts/${id}/summary`,
      `/api/workouts/${id}/power-curve?metric=heartrate`,
    ]),
  ];
  for (const path of paths) answers[path] = await rider.ok(path);
  // A ride completed again tells which records it had set.
  for (const { id } of await history(rider)) answers[`complete ${id}`] = await complete(rider, id);
  return answers;
}

/** The account that was imported, asked over HTTP. */
async function imported(): Promise<Rider> {
  const { accessToken } = await login(target, EMAIL);
  const request: Rider["request"] = async (path, init) =>
    target.request(path, { token: accessToken, ...init });
  const ok = async <Body>(path: string, init?: Parameters<Rider["request"]>[1]) =>
    (await (await request(path, init)).json()) as Body;
  return {
    ...rider,
    request,
    ok,
    send: (method, path, json) => ok(path, { method, ...(json !== undefined && { json }) }),
  };
}

describe("beside two servers", () => {
  test("both tell the same of everything afterwards", async () => {
    await rideAWhile();
    const { output, errors, exitCode } = await runExport();
    expect([errors, exitCode]).toEqual(["", 0]);
    expect(output).toMatch(/rider\.tar\.gz: 4 rides with 6000 samples, \d+ bytes\.\n$/);
    expect((await stat(archive)).mode & 0o077).toBe(0);

    const report = await runImport();
    expect(report).toEqual({
      output:
        `Imported into the new account ${EMAIL}: 4 rides.\n` +
        "Found there afterwards as they are in the archive: 4 rides, 6000 samples.\n",
      errors: `A password for the new account ${EMAIL}:\n`,
      exitCode: 0,
    });
    const there = await imported();
    expect(await there.ok<object>("/api/users/me")).toMatchObject({
      user: { id: rider.userId, displayName: "Zoë", settings: { timezone: "Europe/Berlin" } },
    });
    expect(await everythingOf(there)).toEqual(await everythingOf(rider));
    const recomputed = await runCommand(["recompute"], { DATA_DIR: target.directory });
    expect(recomputed.output).toBe("3 rides derived again, 0 changed.\n");
  });

  test("a ride under way goes on, and is imported as completed with what had come by then", async () => {
    const { id, streamName } = await startRide(rider, { title: "under way" });
    await sendBatch(rider, streamName, ["hello", ...eachSecond(20, { power: 200 })]);
    await change(rider, id, "pause");
    await startRide(rider, { streamName: "empty", title: "nothing yet" });
    await sendBatch(rider, "loose", eachSecond(10, { power: 100 }));
    expect((await runExport()).output).toContain("3 rides with 30 samples");
    expect((await getWorkout(rider, id)).status).toBe("PAUSED");
    expect(await listStreams(rider)).toHaveLength(3);

    await runImport();
    const there = await imported();
    const rides = new Map((await history(there)).map((ride) => [ride.title, ride]));
    expect(rides.get("under way")).toMatchObject({
      id,
      status: "COMPLETED",
      duration: 20,
      endTime: "2026-06-01T10:00:19.000Z",
      summary: { sampleCount: 20, skippedMessages: 1, avgPower: 200 },
    });
    expect(rides.get("nothing yet")).toMatchObject({ status: "COMPLETED", summary: { sampleCount: 0 } });
    expect(rides.get("Recovered ride")).toMatchObject({
      status: "COMPLETED",
      streamName: "loose",
      duration: 10,
    });
    expect(await telemetryOf(there, id)).toEqual(eachSecond(20, { power: 200 }));

    // Once it has gone on, it is another ride than the one that is there.
    await change(rider, id, "resume");
    await sendBatch(rider, "loose", eachSecond(30, { power: 100 }));
    archive += ".later";
    await runExport();
    const { rides: standings } = JSON.parse((await runImport("--user", EMAIL, "--json")).output) as {
      rides: object;
    };
    expect(standings).toEqual({ new: 0, present: 1, changed: 2 });
  });

  test("what another ride's completion left in a stream is not exported twice", async () => {
    await finishedRide(rider, eachSecond(5), { streamName: "evening" });
    const [, ...others] = await sendAgain();
    expect(others).toEqual([]);
    expect((await runExport()).output).toContain("1 ride with 5 samples");

    /** As if the server had been killed before it could delete the stream of the completed ride. */
    async function sendAgain() {
      await sendBatch(rider, "evening", eachSecond(5));
      const streams = await listStreams(rider);
      await source.deps.database
        .update(workouts)
        .set({ archivedThrough: streams[0]?.lastMessageId ?? null })
        .where(eq(workouts.userId, rider.userId));
      return streams;
    }
  });
});

describe("an archive", () => {
  test("is named after the rider and the day, and never written over another", async () => {
    const run = () =>
      runCommand(["export", EMAIL, "--json"], { DATA_DIR: source.directory }, { directory: temporary.path });
    const { output } = await run();
    const [name = ""] = await readdir(temporary.path);
    expect(name).toMatch(/^bpt-rider@example\.org-\d{4}-\d\d-\d\d\.tar\.gz$/);
    expect(JSON.parse(output)).toEqual({
      file: expect.stringContaining(`/${name}`),
      bytes: expect.any(Number),
      counts: { workouts: 0, workoutsWithSamples: 0, samples: 0, ftpHistory: 0, apiKeys: 1 },
      damaged: [],
    });
    const again = await run();
    expect([again.output, again.exitCode]).toEqual(["", 1]);
    expect(again.errors).toMatch(/^There is a file .* already\. Name another one with --to\.\n$/);
    expect(await readdir(temporary.path)).toEqual([name]);
  });

  test("has no secrets", async () => {
    await source.deps.database.update(users).set({ passwordHash: "$argon2id$secret" });
    await runExport();
    const text = [...(await filesOf(archive)).values()].join("\n");
    expect(text).toContain(EMAIL);
    expect(text).not.toContain("argon2id");
    expect(text).not.toContain(rider.apiKey.slice(0, 8));
    expect(text).not.toContain(Bun.CryptoHasher.hash("sha256", rider.apiKey, "hex"));
  });

  test("has all but telemetry that is damaged, which is said", async () => {
    const { id } = await finishedRide(rider, eachSecond(5));
    await finishedRide(rider, eachSecond(7, {}, FIRST));
    await source.deps.database
      .update(telemetry)
      .set({ data: Buffer.from("nonsense") })
      .where(eq(telemetry.workoutId, id));
    const { output, errors, exitCode } = await runExport();
    expect(output).toContain("2 rides with 7 samples");
    expect(errors).toBe(`The telemetry of ${id} is damaged and not in the archive; all else is.\n`);
    expect(exitCode).toBe(1);
    expect((await runImport()).output).toContain(": 2 rides.\n");
  });

  test("that cannot be written is said in one line", async () => {
    const { errors, exitCode } = await runCommand(["export", EMAIL, "--to", "/proc/self/rider.tar.gz"], {
      DATA_DIR: source.directory,
    });
    expect(errors.trim().split("\n")).toHaveLength(1);
    expect(exitCode).toBe(1);
  });
});

describe("an import", () => {
  test("made twice doubles nothing, and leaves what has been changed since", async () => {
    await rideAWhile();
    await runExport();
    await runImport();
    const there = await imported();
    const before = await everythingOf(there);
    expect(await runImport("--user", EMAIL)).toEqual({
      output:
        `Imported into ${EMAIL}: 0 rides. There already: 4.\n` +
        "Found there afterwards as they are in the archive: 4 rides, 6000 samples.\n",
      errors: "",
      exitCode: 0,
    });
    expect(await everythingOf(there)).toEqual(before);

    const [edited, gone] = await history(there, "?status=COMPLETED");
    await there.send("PATCH", `/api/workouts/${edited?.id}`, { title: "mine" });
    await target.deps.database.delete(workouts).where(eq(workouts.id, gone?.id ?? ""));
    const { output } = await runImport("--user", EMAIL);
    expect(output).toStartWith(
      `Imported into ${EMAIL}: 1 ride. There already: 2. There in another state, and left so: 1.\n`,
    );
    expect((await getWorkout(there, edited?.id ?? "")).title).toBe("mine");
    expect((await history(there)).map(({ id }) => id)).toContain(gone?.id ?? "");
  });

  test("asks for the account where the address is taken", async () => {
    await runExport();
    await registerRider(target, EMAIL);
    expect(await runImport()).toEqual({
      output: "",
      errors: `There is an account ${EMAIL} already. Say --user ${EMAIL} to import into it.\n`,
      exitCode: 1,
    });
  });

  test("into somebody else's account of the same instance gives the rides ids of their own, once", async () => {
    await rideAWhile();
    await runExport();
    const other = await registerRider(source, "other@example.org");
    const run = () =>
      runCommand(["import", archive, "--user", "other@example.org"], { DATA_DIR: source.directory });
    expect((await run()).output).toStartWith("Imported into other@example.org: 4 rides.\n");
    expect((await run()).output).toStartWith("Imported into other@example.org: 0 rides. There already: 4.\n");
    const [mine, theirs] = [await history(rider), await history(other)];
    expect(theirs.map(({ title, summary }) => ({ title, summary }))).toEqual(
      mine.map(({ title, summary }) => ({ title, summary })),
    );
    expect(new Set([...mine, ...theirs].map(({ id }) => id)).size).toBe(4);
    expect(await rider.ok<object[]>("/api/users/me/ftp-history")).toHaveLength(1);
    expect(await other.ok<object[]>("/api/users/me/ftp-history")).toHaveLength(1);
  });

  test("takes nothing out of a stream that goes by the name of an imported ride's", async () => {
    await finishedRide(rider, eachSecond(5), { streamName: "evening" });
    // The clock of the source has run ahead, and message ids with it.
    await source.deps.database.update(workouts).set({ archivedThrough: "99999999999999-0" });
    await runExport();
    await runImport();
    const there = await imported();
    await sendBatch(there, "evening", eachSecond(3));
    const { id } = await startRide(there, { streamName: "evening" });
    expect((await complete(there, id)).archivedMessages).toBe(3);
  });

  test("that is stopped goes on where it was", async () => {
    const rides = 60;
    for (let day = 0; day < rides; day++)
      await finishedRide(rider, eachSecond(60, { power: 200 }, FIRST + day * DAY));
    await runExport();
    const { database } = target.deps;
    const interruptOnceUnderWay = async (interrupt: () => void) => {
      while ((await database.$count(workouts)) === 0) await Bun.sleep(1);
      interrupt();
    };
    const stopped = await runCommand(
      ["import", archive],
      { DATA_DIR: target.directory },
      { input: PASSWORD, onStart: interruptOnceUnderWay },
    );
    const done = await database.$count(workouts);
    expect(await database.$count(telemetry)).toBe(done);
    // It may have been too fast to be stopped.
    if (done < rides) {
      expect(stopped.errors).toEndWith(
        `Stopped with ${rides - done} to go. To go on, run it again with --user ${EMAIL}.\n`,
      );
      expect(stopped.exitCode).toBe(1);
    }
    const { output, exitCode } = await runImport("--user", EMAIL, "--json");
    expect(JSON.parse(output)).toMatchObject({
      rides: { new: rides - done, present: done, changed: 0 },
      verified: { workouts: rides, workoutsWithSamples: rides, samples: rides * 60 },
      left: 0,
    });
    expect(exitCode).toBe(0);
  });

  test("tried out says what it would do and writes nothing", async () => {
    await rideAWhile();
    await runExport();
    const { output, exitCode } = await runImport("--dry-run");
    expect(output).toBe(`Nothing was written. To be imported into the new account ${EMAIL}: 4 rides.\n`);
    expect(exitCode).toBe(0);
    expect(await target.deps.database.$count(users)).toBe(0);
    const report: unknown = JSON.parse((await runImport("--dry-run", "--json")).output);
    expect(report).toEqual({
      dryRun: true,
      user: { id: rider.userId, email: EMAIL, isNew: true },
      rides: { new: 4, present: 0, changed: 0 },
    });
  });

  test("of the built-in rider wants an account to go to", async () => {
    await runExport();
    const files = await filesOf(archive);
    const profile = JSON.parse(files.get(PROFILE_FILE) ?? "") as object;
    files.set(PROFILE_FILE, JSON.stringify({ ...profile, email: "built-in@localhost" }));
    const builtIn = `${archive}.built-in`;
    await writeFiles(builtIn, archive, files);
    archive = builtIn;
    expect((await runImport()).errors).toContain("Name an account to import into with --user.");
    await registerRider(target, "there@example.org");
    expect((await runImport("--user", "there@example.org")).exitCode).toBe(0);
  });
});

describe("what is no sound archive is refused, and nothing is written:", () => {
  beforeEach(async () => {
    await finishedRide(rider, eachSecond(300, { power: 200 }));
    await finishedRide(rider, eachSecond(300, { power: 210 }, FIRST));
    await runExport();
  });

  async function expectRefused(sentence: string): Promise<void> {
    const { output, errors, exitCode } = await runImport();
    expect(errors).toContain(sentence);
    expect([output, exitCode]).toEqual(["", 1]);
    expect(await target.deps.database.$count(users)).toBe(0);
    expect(await target.deps.database.$count(workouts)).toBe(0);
  }

  /** The archive with its files changed, and sums that are right. */
  async function rewrite(change: (files: Files, name: string) => void, manifest: object = {}): Promise<void> {
    const files = await filesOf(archive);
    const name = [...files.keys()].find((name) => name.endsWith(".ndjson")) ?? "";
    change(files, name);
    const rewritten = `${archive}.rewritten`;
    await writeFiles(rewritten, archive, files, manifest);
    archive = rewritten;
  }

  test("one that is not there", async () => {
    archive += ".not";
    await expectRefused("cannot be read");
  });

  test("one whose name a terminal would act on", async () => {
    archive += "\u202e\u009b.not";
    await expectRefused("rider.tar.gz\\u{202e}\\u{9b}.not cannot be read");
  });

  test("one cut short", async () => {
    await truncate(archive, (await stat(archive)).size - 100);
    await expectRefused("is damaged, not whole or no archive");
  });

  test("one with a bit flipped", async () => {
    const bytes = await readFile(archive);
    const middle = bytes.length >> 1;
    bytes[middle] = (bytes[middle] ?? 0) ^ 1;
    await writeFile(archive, bytes);
    await expectRefused("damaged");
  });

  test("another file", async () => {
    await copyFile("package.json", archive);
    await expectRefused("is damaged, not whole or no archive");
  });

  test("one whose files are not those of its manifest", async () => {
    await rewrite(() => {}, { files: [] });
    await expectRefused("has files that its manifest does not name");
  });

  test("one with a file that is not as it was written", async () => {
    await rewrite(() => {}, { files: [{ name: PROFILE_FILE, size: 1, sha256: "another" }] });
    await expectRefused(`is damaged: ${PROFILE_FILE} is missing or not as it was written`);
  });

  test("one of a newer version", async () => {
    await rewrite(() => {}, { formatVersion: 2, program: "bpt 9.0.0", counts: "something else" });
    await expectRefused(
      "The archive was written by a newer version of this program, bpt 9.0.0. Import it there.",
    );
  });

  test("one with fewer samples than it should have", async () => {
    await rewrite((files, name) => files.set(name, (files.get(name) ?? "").replace(/^.*\n/, "")));
    await expectRefused("has 299 samples in place of 300");
  });

  test("one with a sample that is none", async () => {
    await rewrite((files, name) => files.set(name, (files.get(name) ?? "").replace("\n", "\nnull\n")));
    await expectRefused("Line 2 is no sample");
  });

  test("one with a file that is larger than such a file can be", async () => {
    await rewrite((files) => files.set(PROFILE_FILE, `${files.get(PROFILE_FILE)}${" ".repeat(5_000_000)}`));
    await expectRefused(`${PROFILE_FILE} is too large: it can have`);
  });

  test("one with a line among its samples that is longer than any", async () => {
    await rewrite((files, name) => files.set(name, " ".repeat(9_000_000)));
    await expectRefused("Line 1 is too long");
  });

  test("one with more samples than it should have", async () => {
    await rewrite((files, name) => files.set(name, `${files.get(name)}{"timestamp":8e15}\n`));
    await expectRefused("There are more than 300 samples");
  });

  test("one that lacks a ride", async () => {
    await rewrite((files, name) => {
      files.delete(name);
      files.delete(name.replace(".ndjson", ".json"));
    });
    await expectRefused("does not have what its manifest says");
  });

  test("one that lacks the samples of a ride", async () => {
    await rewrite((files, name) => files.delete(name));
    await expectRefused("do not follow it");
  });

  test("one with values that the HTTP interface would not take", async () => {
    await rewrite((files, name) => {
      const ride = name.replace(".ndjson", ".json");
      files.set(ride, (files.get(ride) ?? "").replace('"streamName": "', '"streamName": "/'));
    });
    await expectRefused("streamName: must be 1 to 64 letters, digits, hyphens or underscores");
  });

  test("one whose settings nest deeper than the database takes", async () => {
    const nested = (levels: number) => `"settings": ${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
    await rewrite((files) => {
      files.set(PROFILE_FILE, (files.get(PROFILE_FILE) ?? "").replace('"settings": {}', nested(1001)));
    });
    await expectRefused(`${PROFILE_FILE} nests too deep`);
    await rewrite((files) => {
      files.set(PROFILE_FILE, (files.get(PROFILE_FILE) ?? "").replace(nested(1001), nested(1000)));
    });
    expect(await runImport()).toMatchObject({ exitCode: 0 });
  });

  test("one without a password for its account", async () => {
    const { errors, exitCode } = await runCommand(["import", archive], { DATA_DIR: target.directory });
    expect(errors).toContain("password: ");
    expect(exitCode).toBe(2);
    expect(await target.deps.database.$count(users)).toBe(0);
  });
});

test("the manifest is the last file, and tar can read it all", async () => {
  await finishedRide(rider, eachSecond(5));
  await runExport();
  const names = (await Bun.$`tar -tzf ${archive}`.text()).trim().split("\n");
  expect(names.slice(0, 4)).toEqual(["README.txt", PROFILE_FILE, "ftp-history.json", "api-keys.json"]);
  expect(names.slice(4, 6)).toEqual([
    expect.stringMatching(/^workouts\/2026-06-01_[0-9a-f-]{36}\.json$/),
    expect.stringMatching(/^workouts\/2026-06-01_[0-9a-f-]{36}\.ndjson$/),
  ]);
  expect(names.slice(6)).toEqual([MANIFEST_FILE]);
});

test("rides under way that are too long to be held in memory are exported, claimed by a workout or not", async () => {
  await startRide(rider, { streamName: "claimed" });
  const samples = eachSecond(MOST_HELD + 1);
  for (const streamName of ["claimed", "unclaimed"]) {
    for (let from = 0; from < samples.length; from += 5000) {
      await sendBatch(rider, streamName, samples.slice(from, from + 5000));
    }
  }
  const { output, errors } = await runExport();
  expect(errors).toBe("");
  expect(output).toContain(`2 rides with ${2 * samples.length} samples`);
});

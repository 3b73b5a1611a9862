import { deepStrictEqual, equal, match, ok, rejects } from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import Database from "libsql";
import packageJson from "../../package.json" with { type: "json" };
import { checkIntegrity } from "../faults/checks.ts";
import { overwriteMiddle } from "../support/damage.ts";
import { registerRider } from "../support/rider.ts";
import { type StartError, startServer } from "../support/server.ts";
import { startSqld } from "../support/sqld.ts";
import type { Installation } from "./installation.ts";
import { checkRide, clientOf, recordRide } from "./ride.ts";

/** Does what is given, and then says its name. */
type Step = (name: string, body: () => Promise<void>) => Promise<void>;

/** @throws Error at the first thing that is not as it must be. */
export async function takeSteps(installation: Installation, step: Step): Promise<void> {
  const { program, data, temporary, run } = installation;

  await step("tells its version and its commands", async () => {
    const [version, help] = await Promise.all([run(["--version"]), run(["help"])]);
    const [first, ...commit] = version.output.trim().split(" ");
    equal(first, packageJson.version);
    ok(commit.length === 0 || /^\([0-9a-f]{7,}(-dirty)?\)$/.test(commit.join(" ")), version.output);
    for (const command of ["serve", "demo", "health"]) match(help.output, new RegExp(`^  ${command} `, "m"));
  });

  await step("says what to set where it cannot unpack its driver", async () => {
    const { errors, exitCode } = await run(["serve"], { TMPDIR: join(temporary, "nowhere") });
    match(errors, /^The database driver could not be loaded .* Set TMPDIR .*\n$/);
    equal(exitCode, 1);
  });

  await using server = await startServer({ program, directory: data, environment: { TMPDIR: temporary } });
  const rider = await registerRider(server);
  const ready = async () => (await run(["health"], { PORT: new URL(server.url).port })).exitCode === 0;
  let id = "";

  await step("records a ride, and listeners hear all of it", async () => {
    id = await recordRide(clientOf(server, rider), rider);
  });
  await step("keeps the ride as it was sent, and sums it up", () => checkRide(clientOf(server, rider), id));
  await step("says that it is ready", async () => ok(await ready()));

  await step("stops, and leaves its files whole", async () => {
    equal(await server.signal("SIGTERM"), 0);
    const logs = (await readdir(data)).filter((name) => name.endsWith("-wal"));
    for (const name of logs) equal(Bun.file(join(data, name)).size, 0, `${name} was not folded in`);
    await checkIntegrity(data);
    ok(!(await ready()));
  });

  await step("has the ride after a restart", async () => {
    await server.restart();
    await checkRide(clientOf(server, rider), id);
    equal(await server.signal("SIGTERM"), 0);
  });

  await step("does not serve a damaged file, and repairs it", async () => {
    const path = join(data, "bpt.db");
    growFile(path);
    await server.restart();
    equal(await server.signal("SIGTERM"), 0);
    await overwriteMiddle(path, 2);
    await rejects(server.restart(), ({ exitCode, stderr }: StartError) => {
      match(stderr, /^\S*\/bpt\.db is damaged: .*`bpt doctor`.*\n$/);
      return exitCode === 1;
    });
    const environment = { DATA_DIR: data };
    const examined = await run(["doctor"], environment);
    match(examined.output, /^problem +integrity +bpt\.db is damaged/m);
    equal(examined.exitCode, 1);
    const { output, exitCode } = await run(["doctor", "--repair"], environment);
    match(output, /^bpt\.db was damaged .* and is kept as bpt\.db\.damaged-/);
    equal(exitCode, 0);
    await server.restart();
    await checkRide(clientOf(server, rider), id);
    equal(await server.signal("SIGTERM"), 0);
  });

  await step("follows a remote database", () => checkReplica(installation));

  await step("has left one temporary file, and its directory as it was", async () => {
    equal((await readdir(temporary)).length, 1);
    deepStrictEqual(new Set(await readdir(program.cwd)), new Set(installation.files));
  });
}

/** So large that it is checked on a thread. */
function growFile(path: string): void {
  const database = new Database(path);
  database.exec("INSERT INTO secrets (name, value) VALUES ('noise', hex(randomblob(3000000)))");
  database.close();
}

/** That has a thread of its own. */
async function checkReplica({ program, data, temporary }: Installation): Promise<void> {
  await using primary = await startSqld();
  const environment = { TMPDIR: temporary, DATABASE_SYNC_URL: primary.url };
  await using server = await startServer({ program, directory: join(data, "replica"), environment });
  const rider = await registerRider(server);
  const { primary: state } = await rider.call<{ primary: string }>("GET", "/health");
  equal(state, "connected");
  equal(await server.signal("SIGTERM"), 0);
}

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { eq } from "drizzle-orm";
import { telemetry, users, workouts } from "../../src/db/schema.ts";
import { BUILT_IN_USER_ID, insertBuiltInUser } from "../../src/features/accounts/repository.ts";
import { codeOf, createKey, login, PASSWORD, post, statusOf } from "../features/accounts/accounts.ts";
import { sendBatch } from "../features/streams/streams.ts";
import { eachSecond, finishedRide, startRide } from "../features/workouts/rides.ts";
import { registerRider, useService } from "../support/accounts.ts";
import { runCommand, runOnTerminal } from "../support/command.ts";

setDefaultTimeout(30_000);

const service = useService({ fresh: true });
const EMAIL = "new@example.org";

const environment = () => ({ DATA_DIR: service.app.directory });
const run = (words: string[], input?: string) =>
  runCommand(["user", ...words], environment(), input === undefined ? {} : { input });

/** An account made by the command, logged in. */
async function createAccount() {
  await run(["create", EMAIL], PASSWORD);
  return login(service.app, EMAIL);
}

describe("create", () => {
  test("makes an account that can log in at the server beside it, though registration is closed", async () => {
    const { output, errors, exitCode } = await run(
      ["create", "New@Example.org", "--name", "Zoë", "--json"],
      "secret word\n",
    );
    expect([errors, exitCode]).toEqual(["", 0]);
    const { user } = JSON.parse(output) as { user: object };
    expect(user).toEqual({
      id: expect.any(String),
      email: EMAIL,
      displayName: "Zoë",
      createdAt: expect.any(String),
    });
    expect((await login(service.app, EMAIL, "secret word")).user).toMatchObject(user);
    expect(
      await codeOf(await post(service.app, "/api/auth/register", { email: "x@y.zz", password: PASSWORD })),
    ).toBe("registration_closed");
  });

  test("has the limits of the HTTP interface, and makes no second account of an address", async () => {
    expect(await run(["create", "nobody"], "secret word")).toEqual({
      output: "",
      errors: "email: is not an e-mail address\n",
      exitCode: 2,
    });
    expect(await run(["create", EMAIL], "short\n")).toMatchObject({ output: "", exitCode: 2 });
    expect(await run(["create", EMAIL, "--name", "x".repeat(101)], "secret word")).toMatchObject({
      exitCode: 2,
    });
    expect((await run(["create", EMAIL], "secret word")).exitCode).toBe(0);
    expect(await run(["create", EMAIL.toUpperCase()], "secret word")).toEqual({
      output: "",
      errors: "There is an account with this e-mail already.\n",
      exitCode: 1,
    });
  });

  test("asks twice on a terminal and shows nothing of the answer", async () => {
    const answers = [
      { at: "New password: ", type: "secret wXX\x7f\x7ford\r" },
      { at: "Once more: ", type: "secret word\r" },
    ];
    const { shown, exitCode } = await runOnTerminal(["user", "create", EMAIL], environment(), answers);
    expect(exitCode).toBe(0);
    expect(shown).toMatch(
      /^New password: \r\nOnce more: \r\nThe account new@example.org is made\. Its id is \S+\.\r\n$/,
    );
    await login(service.app, EMAIL, "secret word");
  });

  test.each([
    ["other word\r", "The two passwords differ. Nothing was changed."],
    ["\u0003", "Nothing was changed."],
    ["\u0004", "Nothing was changed."],
  ])("a second answer of %p makes nothing", async (type, sentence) => {
    const answers = [
      { at: "New password: ", type: "secret word\r" },
      { at: "Once more: ", type },
    ];
    const { shown, exitCode } = await runOnTerminal(["user", "create", EMAIL], environment(), answers);
    expect(shown).toBe(`New password: \r\nOnce more: \r\n${sentence}\r\n`);
    expect(exitCode).toBe(1);
    expect((await run(["list"])).output).not.toContain(EMAIL);
  });
});

test("list tells of every account, never of its password", async () => {
  const { app, rider } = service;
  await finishedRide(rider, eachSecond(3));
  const { id } = await finishedRide(rider, eachSecond(3, {}, Date.UTC(2026, 4, 31, 8)));
  await rider.send("DELETE", `/api/workouts/${id}`);
  const { user } = await createAccount();
  await app.deps.database.update(users).set({ displayName: "\u001b[2Jx" }).where(eq(users.id, user.id));

  const { output } = await run(["list"]);
  expect(output).toMatch(new RegExp(`^${rider.userId} .*@example.org +2026-06-01 +1 +2026-06-01$`, "m"));
  expect(output).toMatch(
    new RegExp(`^${user.id} +new@example.org +\\\\u{1b}\\[2Jx +\\d{4}-\\d\\d-\\d\\d +0$`, "m"),
  );
  const listed = JSON.parse((await run(["list", "--json"])).output) as { users: Record<string, unknown>[] };
  expect(listed.users.map(({ id }) => id)).toEqual([rider.userId, user.id]);
  expect(Object.keys(listed.users[0] ?? {})).toEqual([
    "id",
    "email",
    "displayName",
    "createdAt",
    "workouts",
    "lastRide",
  ]);
  expect(listed.users[0]).toMatchObject({ workouts: 1, lastRide: "2026-06-01T10:00:00.000Z" });
});

describe("set-password", () => {
  test("ends the sessions and leaves the keys", async () => {
    const { app } = service;
    const { refreshToken, accessToken } = await createAccount();
    const { key } = await createKey(app, accessToken);
    const { output, errors, exitCode } = await run(["set-password", EMAIL], "another word\n");
    expect([output, exitCode]).toEqual([
      "new@example.org has a new password, and is logged out everywhere.\n",
      0,
    ]);
    expect(errors).toContain("for up to a minute more");
    expect((await post(app, "/api/auth/refresh", { refreshToken })).status).toBe(401);
    expect((await post(app, "/api/auth/login", { email: EMAIL, password: PASSWORD })).status).toBe(401);
    await login(app, EMAIL, "another word");
    app.clock.time += 60_001;
    expect(await statusOf(app, { token: accessToken })).toBe(401);
    expect(await statusOf(app, { apiKey: key })).toBe(200);
  });

  test("is not for the built-in rider, nor for nobody", async () => {
    await insertBuiltInUser(service.app.deps.database, new Date());
    expect(await run(["set-password", BUILT_IN_USER_ID], "secret word")).toMatchObject({
      errors: "The built-in user has no password.\n",
      exitCode: 1,
    });
    expect(await run(["set-password", "nobody@example.org"], "secret word")).toMatchObject({
      errors: "There is no rider nobody@example.org.\n",
      exitCode: 1,
    });
  });
});

describe("delete", () => {
  async function left() {
    const { database } = service.app.deps;
    return {
      users: await database.$count(users),
      workouts: await database.$count(workouts),
      telemetry: await database.$count(telemetry),
    };
  }

  test("takes everything along beside a server, and nothing of others", async () => {
    const { app, rider } = service;
    const other = await registerRider(app);
    await finishedRide(rider, eachSecond(3));
    await finishedRide(other, eachSecond(3));
    await startRide(other);
    const { output, errors, exitCode } = await run(["delete", rider.userId, "--yes"]);
    expect(output).toMatch(/^\S+@example.org is deleted, with 1 workout.\n$/);
    expect([errors.includes("for up to a minute more"), exitCode]).toEqual([true, 0]);
    expect(await left()).toEqual({ users: 1, workouts: 2, telemetry: 1 });
  });

  test("is done though nobody can be told about it", async () => {
    const command = ["sh", "-c", 'exec "$0" --no-env-file src/main.ts user delete "$1" --yes 2> /dev/full'];
    const deletion = Bun.spawn([...command, process.execPath, service.rider.userId], {
      env: { PATH: process.env.PATH, ...environment() },
      stdout: "ignore",
    });
    expect(await deletion.exited).toBe(0);
    expect(await left()).toMatchObject({ users: 0 });
  });

  test("beside a server is refused while there are live samples, which without one go too", async () => {
    const { app, rider } = service;
    const { streamName } = await startRide(rider);
    await sendBatch(rider, streamName, eachSecond(3));
    await sendBatch(rider, "loose", eachSecond(3));
    const other = await registerRider(app);
    await sendBatch(other, "kept", eachSecond(3));
    expect(await run(["delete", rider.userId, "--yes"])).toEqual({
      output: "",
      errors:
        "A server is running, and only it can delete 2 live streams of this rider. " +
        "Stop it, or complete or delete them first. Nothing was deleted.\n",
      exitCode: 1,
    });
    expect(await left()).toMatchObject({ users: 2, workouts: 1 });

    await app.whileStopped(async () => {
      expect((await run(["delete", rider.userId, "--yes"])).exitCode).toBe(0);
    });
    expect(await left()).toMatchObject({ users: 1, workouts: 0 });
    expect((await app.deps.buffer.list()).map(({ name }) => name)).toEqual(["kept"]);
  });

  test.each([
    ["n\r", 1],
    ["\u0004", 1],
    ["y\r", 0],
  ])("on a terminal asks first: %p", async (type, code) => {
    const { rider } = service;
    await finishedRide(rider, eachSecond(3));
    const answers = [{ at: "with 1 workout and everything else of theirs? [y/N] ", type }];
    const { exitCode } = await runOnTerminal(["user", "delete", rider.userId], environment(), answers);
    expect(exitCode).toBe(code);
    expect((await left()).users).toBe(code);
  });

  test("asks nobody where there is no terminal, and leaves the built-in rider", async () => {
    const { rider, app } = service;
    await insertBuiltInUser(app.deps.database, new Date());
    expect(await run(["delete", rider.userId])).toEqual({
      output: "",
      errors: "There is no terminal to ask on. Say --yes to go on unasked.\n",
      exitCode: 2,
    });
    expect(await run(["delete", BUILT_IN_USER_ID, "--yes"])).toMatchObject({
      errors: "The built-in user cannot be deleted.\n",
      exitCode: 1,
    });
    expect((await left()).users).toBe(2);
  });
});

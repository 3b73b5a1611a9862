import { afterEach, beforeEach, expect, test } from "bun:test";
import { createAccount } from "../../../src/features/accounts/administration.ts";
import { createPasswords } from "../../../src/features/accounts/passwords.ts";
import { type Rider, registerRider } from "../../support/accounts.ts";
import { createTestApp, type TestApp } from "../../support/app.ts";
import { runCommand } from "../../support/command.ts";
import { sweepOnce } from "../workouts/rides.ts";
import { codeOf, PASSWORD, post } from "./accounts.ts";

let app: TestApp;
let rider: Rider;
beforeEach(async () => {
  app = await createTestApp();
  rider = await registerRider(app);
});
afterEach(() => app.close());

const deleteRider = () => rider.request("/api/users/me", { method: "DELETE" });
const register = () => post(app, "/api/auth/register", { email: "stranger@example.org", password: PASSWORD });

async function expectClosed(): Promise<void> {
  const response = await register();
  expect([response.status, await codeOf(response)]).toEqual([403, "registration_closed"]);
}

test("registration stays closed when the last account is deleted, also after a restart", async () => {
  expect((await deleteRider()).status).toBe(204);
  await expectClosed();
  await app.reopen();
  await expectClosed();
});

test("it stays so when the operator has deleted it, who can make another", async () => {
  await app.whileStopped(async () => {
    const environment = { DATA_DIR: app.directory };
    expect((await runCommand(["user", "delete", rider.userId, "--yes"], environment)).exitCode).toBe(0);
  });
  await expectClosed();
  const account = { email: "next@example.org", password: PASSWORD };
  await createAccount({ ...app.deps, passwords: createPasswords() }, account);
  expect((await post(app, "/api/auth/login", account)).status).toBe(200);
}, 30_000);

/** A request that has been let in, whose body comes only when `finish` is called. */
function beginRequest(path: string, json: object) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        ask();
        await promise;
        controller.enqueue(new TextEncoder().encode(JSON.stringify(json)));
        controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  const headers = { "Content-Type": "application/json" };
  const answer = rider.request(path, { method: "POST", body, headers });
  return { asked, finish: resolve, answer };
}

test.each([
  ["/api/streams/ride/messages", { message: { power: 200 } }],
  ["/api/streams/ride/messages/batch", { messages: [{ timestamp: 1_780_315_200_000, power: 200 }] }],
  ["/api/streams/create", { streamName: "ride" }],
  ["/api/workouts", { streamName: "ride" }],
])("what was under way at %s when the account was deleted leaves no stream", async (path, json) => {
  const other = await registerRider(app);
  await other.send("POST", path, json);
  const { asked, finish, answer } = beginRequest(path, json);
  await asked;
  expect((await deleteRider()).status).toBe(204);
  finish();
  expect((await answer).status).toBeLessThan(500);
  expect(await app.deps.buffer.list(rider.userId)).toEqual([]);
  expect(await app.deps.buffer.list(other.userId)).toHaveLength(1);
});

test("many posts, listeners and the deletion at once leave neither a stream nor a listener", async () => {
  for (let round = 0; round < 10; round++) {
    rider = await registerRider(app);
    const posts = () =>
      Array.from({ length: 20 }, (_, index) =>
        rider.request(`/api/streams/ride-${index % 3}/messages`, {
          method: "POST",
          json: { message: { power: index } },
        }),
      );
    const listeners = () => Array.from({ length: 5 }, () => rider.request("/api/streams/listenAll"));
    const before = [...posts(), ...listeners()];
    await Promise.race(before);
    const answers = [...before, ...posts(), deleteRider(), ...posts(), ...listeners()];
    // That of a listener ends when it is shut out.
    const ends = answers.map(async (answer) => (await answer).text());
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(new Set(statuses).difference(new Set([200, 204, 401]))).toEqual(new Set());
    expect(statuses).toContain(204);
    expect(await app.deps.buffer.list(rider.userId)).toEqual([]);
    await Promise.all(ends);
    expect(app.deps.hub.size).toBe(0);
  }
});

test("what another instance has stored of a deleted account is swept, of an unknown one it is kept", async () => {
  const data = JSON.stringify({ message: '{"power":200}', timestamp: app.clock.time });
  await deleteRider();
  await app.deps.buffer.append({ owner: rider.userId, name: "ride" }, [data]);
  await app.deps.buffer.append({ owner: "somebody-of-a-newer-database", name: "ride" }, [data]);
  await sweepOnce(app.deps);
  expect((await app.deps.buffer.list()).map(({ owner }) => owner)).toEqual(["somebody-of-a-newer-database"]);
});

test("what a request under way would have added to the account is not there any more", async () => {
  const { asked, finish, answer } = beginRequest("/api/api-keys", { name: "phone" });
  await asked;
  await deleteRider();
  finish();
  const response = await answer;
  expect([response.status, await codeOf(response)]).toEqual([404, "user_not_found"]);
});

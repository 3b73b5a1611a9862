import { afterEach, beforeEach, expect, jest, test } from "bun:test";
import { eq } from "drizzle-orm";
import { apiKeys } from "../../../src/db/schema.ts";
import {
  deleteKey,
  deleteUser,
  findRefreshToken,
  revokeSession,
} from "../../../src/features/accounts/repository.ts";
import { sha256 } from "../../../src/features/accounts/tokens.ts";
import { type Rider, registerRider, useService } from "../../support/accounts.ts";
import { login, post, register } from "../accounts/accounts.ts";
import { connected, listen, textsOf } from "./events.ts";
import { append } from "./streams.ts";

/* What is done straight to the database here is what another instance does: this one's hub hears nothing of it. */

const service = useService({ fresh: true, environment: { REGISTRATION: "open" } });
const PATH = "/api/streams/ride/listen";
const MINUTE = 60_000;

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

function letMinutePass() {
  service.wait(MINUTE);
  jest.advanceTimersByTime(MINUTE);
}

test("a listener goes on for as long as its key is good, and no longer", async () => {
  const { rider, app } = service;
  const events = await listen(rider, PATH);
  expect(await events.next()).toEqual(connected("ride"));
  letMinutePass();
  await append(rider, "ride", "after a minute");
  expect(textsOf(await events.take(1))).toEqual(["after a minute"]);

  const { database } = app.deps;
  const [key] = await database.select().from(apiKeys).where(eq(apiKeys.userId, rider.userId));
  await deleteKey(database, rider.userId, String(key?.id));
  letMinutePass();
  expect(await events.rest()).toEqual([]);
  expect(app.deps.hub.size).toBe(0);
});

test("a key that expires ends what listens with it", async () => {
  const { rider, app } = service;
  const expiresAt = new Date(app.clock.time + 2 * MINUTE);
  await app.deps.database.update(apiKeys).set({ expiresAt }).where(eq(apiKeys.userId, rider.userId));
  const events = await listen(rider, PATH);
  await events.next();
  letMinutePass();
  await append(rider, "ride", "before it expires");
  expect(textsOf(await events.take(1))).toEqual(["before it expires"]);
  letMinutePass();
  expect(await events.rest()).toEqual([]);
});

test("an account that is deleted has no listeners a minute later", async () => {
  const { rider, app } = service;
  const other = await registerRider(app);
  const [theirs, others] = [await listen(rider, PATH), await listen(other, PATH)];
  await theirs.next();
  await others.next();
  await deleteUser(app.deps.database, rider.userId);
  letMinutePass();
  expect(await theirs.rest()).toEqual([]);
  await append(other, "ride", "not theirs");
  expect(textsOf(await others.take(1))).toEqual(["not theirs"]);
  await others.leave();
});

test("with a token it goes on while the session does, also when the token itself has expired", async () => {
  const { app } = service;
  // Hashing a password waits for a thread, and for no timer.
  const account = await register(app);
  const rider: Rider = {
    ...service.rider,
    request: async (path, init) => app.request(path, { token: account.accessToken, ...init }),
  };
  const events = await listen(rider, PATH);
  await events.next();
  for (let minute = 0; minute < 20; minute++) letMinutePass();
  const renewed = await login(app);
  const refreshed = (await (
    await post(app, "/api/auth/refresh", { refreshToken: account.refreshToken })
  ).json()) as typeof renewed;
  letMinutePass();
  await post(app, "/api/streams/ride/messages", { message: "on and on" }, refreshed.accessToken);
  expect(textsOf(await events.take(1))).toEqual(["on and on"]);

  const session = await findRefreshToken(app.deps.database, sha256(refreshed.refreshToken));
  await revokeSession(app.deps.database, String(session?.familyId), new Date(app.clock.time));
  letMinutePass();
  expect(await events.rest()).toEqual([]);
});

test("a database that does not answer ends nobody's view", async () => {
  const { rider, app } = service;
  const events = await listen(rider, PATH);
  await events.next();
  app.deps.database.$client.close();
  letMinutePass();
  await app.deps.database.$client.reconnect();
  await append(rider, "ride", "still there");
  expect(textsOf(await events.take(1))).toEqual(["still there"]);
  await events.leave();
});

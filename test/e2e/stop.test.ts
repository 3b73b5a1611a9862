import { expect, test } from "bun:test";
import { constants } from "node:os";
import { compareMessageIds } from "../../src/streams/message-id.ts";
import { until } from "../db/instances.ts";
import {
  type Posted,
  type Rider,
  registerRider,
  type StoredMessage,
  type Workout,
} from "../support/rider.ts";
import { madeUpRide } from "../support/rides.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { beginUpload } from "../support/slow-upload.ts";
import { takeAll, takeMessages } from "../support/sse.ts";
import { openStalledReader } from "../support/stalled-reader.ts";

test("SIGTERM ends who listens, answers who is posting, and loses nothing", async () => {
  await using server = await startServer();
  const rider = await registerRider(server);
  const ride = madeUpRide(500);
  const { workout } = await rider.call<{ workout: Workout }>("POST", "/api/workouts", { streamName: "ride" });
  const listeners = await Promise.all(
    ["ride/listen", "ride/listen?from=-", "listenAll", "later/listen"].map((path) => rider.listen(path)),
  );
  const stored = await rider.postBatch("ride", ride, "ndjson");
  const posting = Promise.allSettled(
    madeUpRide(20, Date.UTC(2026, 6, 1)).map((message) =>
      rider.call<Posted>("POST", "/api/streams/ride/messages", { message }),
    ),
  );
  const [exitCode, posts, heard] = await Promise.all([
    server.signal("SIGTERM"),
    posting,
    Promise.all(listeners.map(takeAll)),
  ]);
  expect(exitCode).toBe(0);
  expect(heard.map((events) => events[0]?.data.type)).toEqual(Array(4).fill("connected"));
  expect(listeners.map(({ comments }) => comments)).toEqual(Array(4).fill(["the service is stopping"]));

  await server.restart();
  const messages = await messagesOf(rider, "ride");
  const acknowledged = posts.flatMap((post) => (post.status === "fulfilled" ? [post.value.messageId] : []));
  expect(messages.map(({ id }) => id)).toEqual(expect.arrayContaining(acknowledged));
  expect(messages.slice(0, 500).map(({ data }) => JSON.parse(data.message))).toEqual(ride);
  expect(await rider.call<Workout>("GET", "/api/workouts/by-stream/ride")).toEqual(workout);
  expect(await server.signal("SIGINT")).toBe(0);
  expect(messages.map(({ id }) => id)).toContain(stored.lastMessageId);
}, 20_000);

test("a restart keeps sessions and the order of message ids, and listeners resume across it", async () => {
  await using server = await startServer();
  const rider = await registerRider(server);
  const ride = madeUpRide(30);
  const before = await rider.postBatch("ride", ride.slice(0, 20), "json");
  await server.signal("SIGTERM");
  await server.restart();
  using events = await rider.listen("ride/listen", before.firstMessageId);
  const after = await rider.postBatch("ride", ride.slice(20), "json");
  expect(compareMessageIds(after.firstMessageId, before.lastMessageId)).toBeGreaterThan(0);
  const heard = await takeMessages(events, 29);
  expect(heard.map(({ data }) => JSON.parse(data.message))).toEqual(ride.slice(1));
}, 20_000);

test("SIGTERM does not wait for a reader that has stalled", async () => {
  await using server = await startServer({ environment: { SHUTDOWN_GRACE_SECONDS: "600" } });
  const rider = await registerRider(server);
  using fast = await rider.listen("ride/listen");
  using _stalled = await openStalledReader(`${server.url}/api/streams/ride/listen`, rider.accessToken);
  // More than the buffers of the system take for the reader.
  for (let second = 0; second < 200; second += 5) {
    const samples = madeUpRide(5, second * 1000).map((sample) => ({ ...sample, note: "x".repeat(90_000) }));
    await rider.postBatch("ride", samples, "ndjson");
    await takeMessages(fast, samples.length);
  }
  expect(await server.signal("SIGTERM")).toBe(0);
}, 20_000);

test("an upload under way when SIGTERM comes is finished, answered and kept; others come too late", async () => {
  await using server = await startServer();
  const rider = await registerRider(server);
  using upload = await beginUpload(`${server.url}/api/streams/ride/messages/batch`, {
    ...rider,
    body: UPLOAD,
  });
  const { exit } = await stopping(server, "SIGTERM");
  expect(fetch(`${server.url}/readyz`)).rejects.toThrow();
  const answer = await upload.finish();
  expect(answer).toStartWith("HTTP/1.1 200 OK");
  expect(answer).toContain('"accepted":100');
  expect(await exit).toBe(0);
  await server.restart();
  expect(await messagesOf(rider, "ride")).toHaveLength(100);
}, 20_000);

test("connections that are open and ask for nothing do not hold the end up", async () => {
  await using server = await startServer({ environment: { SHUTDOWN_GRACE_SECONDS: "600" } });
  const { port } = new URL(server.url);
  const heads = ["", "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"];
  for (const head of heads) {
    const answered = Promise.withResolvers<void>();
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port: Number(port),
      socket: { data: () => answered.resolve() },
    });
    socket.write(head);
    if (head !== "") await answered.promise;
  }
  expect(await server.signal("SIGTERM")).toBe(0);
}, 20_000);

test("what takes longer than the grace is cut, and nothing of it is kept", async () => {
  await using server = await startServer({ environment: { SHUTDOWN_GRACE_SECONDS: "0.3" } });
  const rider = await registerRider(server);
  await rider.postBatch("ride", madeUpRide(3), "json");
  using upload = await beginUpload(`${server.url}/api/streams/ride/messages/batch`, {
    ...rider,
    body: UPLOAD,
  });
  expect(await server.signal("SIGINT")).toBe(0);
  expect(await upload.closed).toBe("");
  expect(server.output).not.toContain('"level":"error"');
  await server.restart();
  expect(await messagesOf(rider, "ride")).toHaveLength(3);
}, 20_000);

test("a second signal a second later ends it at once, and what was acknowledged is there", async () => {
  await using server = await startServer({ environment: { SHUTDOWN_GRACE_SECONDS: "600" } });
  const rider = await registerRider(server);
  await rider.postBatch("ride", madeUpRide(3), "json");
  using upload = await beginUpload(`${server.url}/api/streams/ride/messages/batch`, {
    ...rider,
    body: UPLOAD,
  });
  const began = performance.now();
  const { exit } = await stopping(server, "SIGTERM");
  let isOver = false;
  exit.then(() => {
    isOver = true;
  });
  await until(() => {
    if (!isOver) process.kill(server.pid, "SIGINT");
    return isOver;
  });
  expect(await exit).toBe(128 + constants.signals.SIGINT);
  expect(performance.now() - began).toBeGreaterThan(1000);
  expect(await upload.closed).toBe("");
  await server.restart();
  expect(await messagesOf(rider, "ride")).toHaveLength(3);
}, 20_000);

test("a Ctrl-C that is passed on as well, as npx and bun run do, is one", async () => {
  for (let round = 0; round < 5; round++) {
    await using server = await startServer();
    const rider = await registerRider(server);
    await rider.postBatch("ride", madeUpRide(3), "json");
    const exit = server.signal("SIGINT");
    process.kill(server.pid, "SIGINT");
    expect(await exit).toBe(0);
    await until(() => server.output.includes('"msg":"stopped"'));
  }
}, 30_000);

const UPLOAD = madeUpRide(100)
  .map((sample) => `${JSON.stringify(sample)}\n`)
  .join("");

/** Resolves, once the server has heard the signal, to the promise of its exit code. */
async function stopping(server: TestServer, signal: "SIGTERM" | "SIGINT") {
  const exit = server.signal(signal);
  await until(async () => server.output.includes('"msg":"stopping"'));
  // In an object, since it would be waited for here.
  return { exit };
}

async function messagesOf(rider: Rider, streamName: string): Promise<StoredMessage[]> {
  const path = `/api/streams/${streamName}/messages?count=1000`;
  return (await rider.call<{ messages: StoredMessage[] }>("GET", path)).messages;
}

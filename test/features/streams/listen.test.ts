import { expect, test } from "bun:test";
import { registerRider, useService } from "../../support/accounts.ts";
import { connected, deleted, listen, message, textsOf } from "./events.ts";
import { append, sendBatch, textsIn } from "./streams.ts";

const service = useService();
const PATH = "/api/streams/ride/listen";

const remove = (stream: string) => service.rider.send("DELETE", `/api/streams/${stream}`);

test("first it says that it is connected, then it gives each message with its id", async () => {
  const { rider, app } = service;
  await append(rider, "ride", "before");
  const events = await listen(rider, PATH);
  expect(events.contentType).toStartWith("text/event-stream");
  expect(await events.next()).toEqual(connected("ride"));

  const first = await append(rider, "ride", '{"power":250}');
  const timestamp = app.clock.time;
  service.wait(500);
  await append(rider, "other", "not for it");
  const answer = await rider.send<{ messageId: string }>("POST", "/api/streams/ride/messages", {
    message: { power: 260 },
    author: "Eddy",
  });
  expect(await events.take(2)).toEqual([
    message("ride", first, { message: '{"power":250}', timestamp }),
    message("ride", answer.messageId, {
      message: '{"power":260}',
      timestamp: timestamp + 500,
      author: "Eddy",
    }),
  ]);
  await events.leave();
});

test("an event is an id line and one data line, ended by a blank one", async () => {
  const { rider, app } = service;
  const response = await rider.request(PATH);
  const id = await append(rider, "ride", "line\nbreak\r\n\u2028");
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (!text.includes("id: ")) text += decoder.decode((await reader?.read())?.value);
  await reader?.cancel();
  const json = JSON.stringify(
    message("ride", id, { message: "line\nbreak\r\n\u2028", timestamp: app.clock.time }).payload,
  );
  expect(text).toMatch(/^(retry: \d+\n)?data: \{"type":"connected","streamName":"ride"\}\n\n/);
  expect(text.slice(text.indexOf("id: "))).toBe(`id: ${id}\ndata: ${json}\n\n`);
});

test.each(["no JSON", '"', "\\", '{"a":1}', "\n\n", "data: x", "\u0000", "🚴", "</script>"])(
  "the text %j arrives as it was sent",
  async (text) => {
    const events = await listen(service.rider, PATH);
    await append(service.rider, "ride", text);
    expect(textsOf(await events.take(2))).toEqual([text]);
    await events.leave();
  },
);

test("a batch is heard message by message, in order, by every listener", async () => {
  const texts = Array.from({ length: 1200 }, (_, index) => `message ${index}`);
  const listeners = await Promise.all([1, 2, 3].map(() => listen(service.rider, PATH)));
  await sendBatch(service.rider, "ride", texts);
  for (const events of listeners) {
    expect(textsOf(await events.take(1201))).toEqual(texts);
    await events.leave();
  }
});

test("a refused batch is not heard", async () => {
  const events = await listen(service.rider, PATH);
  await service.rider.refused("POST", "/api/streams/ride/messages/batch", { json: { messages: ["a", 5] } });
  await append(service.rider, "ride", "b");
  expect(textsOf(await events.take(2))).toEqual(["b"]);
  await events.leave();
});

test("?from=- replays from the start, then goes on live", async () => {
  const texts = Array.from({ length: 1100 }, (_, index) => `message ${index}`);
  await sendBatch(service.rider, "ride", texts);
  const events = await listen(service.rider, `${PATH}?from=-`);
  expect(textsOf(await events.take(1101))).toEqual(texts);
  await append(service.rider, "ride", "live");
  expect(textsOf(await events.take(1))).toEqual(["live"]);
  await events.leave();
});

test.each(["header", "query"])("resuming by %s misses nothing and repeats nothing", async (by) => {
  const { rider } = service;
  await append(rider, "ride", "a");
  const heard = await append(rider, "ride", "b");
  await append(rider, "other", "not for it");
  await append(rider, "ride", "c");
  await append(rider, "ride", "d");
  const events =
    by === "header"
      ? await listen(rider, PATH, { "Last-Event-ID": heard })
      : await listen(rider, `${PATH}?lastEventId=${heard}`);
  expect(textsOf(await events.take(3))).toEqual(["c", "d"]);
  await append(rider, "ride", "e");
  expect(textsOf(await events.take(1))).toEqual(["e"]);
  await events.leave();
});

test("a browser that comes back sends the header to the address it began with: the header counts", async () => {
  const { rider } = service;
  const first = await append(rider, "ride", "a");
  const second = await append(rider, "ride", "b");
  await append(rider, "ride", "c");
  const again = { "Last-Event-ID": second };
  for (const query of ["?from=-", `?lastEventId=${first}`, `?from=-&lastEventId=${first}`]) {
    const events = await listen(rider, PATH + query, again);
    expect(textsOf(await events.take(2))).toEqual(["c"]);
    await events.leave();
  }
});

test("resuming over and over while messages come in gives each of them once", async () => {
  const { rider } = service;
  const texts = Array.from({ length: 60 }, (_, index) => `message ${index}`);
  const heard: string[] = [];
  let lastEventId: string | undefined;
  const sending = (async () => {
    for (const text of texts) await append(rider, "ride", text);
  })();
  while (heard.length < texts.length) {
    const events = await listen(rider, `${PATH}?from=-`, {
      ...(lastEventId && { "Last-Event-ID": lastEventId }),
    });
    const some = await events.take(1 + Math.min(7, texts.length - heard.length));
    heard.push(...textsOf(some));
    lastEventId = some.at(-1)?.id;
    await events.leave();
  }
  await sending;
  expect(heard).toEqual(texts);
});

test("resuming works over a restart", async () => {
  const { rider, app } = service;
  const heard = await append(rider, "ride", "a");
  await append(rider, "ride", "b");
  await app.reopen();
  const events = await listen(rider, PATH, { "Last-Event-ID": heard });
  expect(textsOf(await events.take(2))).toEqual(["b"]);
  await events.leave();
});

test("an id of a message that is no more resumes after it", async () => {
  const { rider } = service;
  const gone = await append(rider, "ride", "old");
  await remove("ride");
  await append(rider, "ride", "new");
  const events = await listen(rider, PATH, { "Last-Event-ID": gone });
  expect(textsOf(await events.take(2))).toEqual(["new"]);
  await events.leave();
});

test("listening to a stream that is not there waits for it", async () => {
  const { rider } = service;
  const live = await listen(rider, PATH);
  const replaying = await listen(rider, `${PATH}?from=-`);
  for (const events of [live, replaying]) expect(await events.next()).toEqual(connected("ride"));
  const waiting = [live.next(), replaying.next()];
  await append(rider, "other", "not for them");
  const id = await append(rider, "ride", "there it is");
  const expected = message("ride", id, { message: "there it is", timestamp: service.app.clock.time });
  expect(await Promise.all(waiting)).toEqual([expected, expected]);
  for (const events of [live, replaying]) await events.leave();
});

test("listening makes no stream", async () => {
  const events = await listen(service.rider, PATH);
  expect(await service.rider.refused("GET", "/api/streams/ride/messages")).toMatchObject({ status: 404 });
  await events.leave();
});

test("when the stream is deleted it gives what is left, says so and ends", async () => {
  const { rider } = service;
  const events = await listen(rider, PATH);
  const resumed = await listen(rider, `${PATH}?from=-`);
  const all = Promise.all([events.rest(), resumed.rest()]);
  await append(rider, "ride", "a");
  await append(rider, "ride", "b");
  await remove("ride");
  for (const heard of await all) {
    expect(heard[0]).toEqual(connected("ride"));
    expect(textsOf(heard)).toEqual(["a", "b"]);
    expect(heard.slice(3)).toEqual([deleted("ride")]);
  }
});

test("nothing comes after the end, not even from a new stream of the name", async () => {
  const { rider } = service;
  const events = await listen(rider, PATH);
  await append(rider, "ride", "old");
  await remove("ride");
  await append(rider, "ride", "new");
  await sendBatch(rider, "ride", ["newer"]);
  const heard = await events.rest();
  expect(textsOf(heard)).toEqual(["old"]);
  expect(heard.at(-1)).toEqual(deleted("ride"));
});

test("the end of another stream is not its end", async () => {
  const { rider } = service;
  const events = await listen(rider, PATH);
  await append(rider, "other", "x");
  await remove("other");
  await append(rider, "ride", "a");
  expect(textsOf(await events.take(2))).toEqual(["a"]);
  await events.leave();
});

test("when its workout is completed it has all of the ride, and ends", async () => {
  const { rider } = service;
  const { workout } = await rider.send<{ workout: { id: string } }>("POST", "/api/workouts", {
    streamName: "ride",
  });
  const events = await listen(rider, PATH);
  const all = events.rest();
  await append(rider, "ride", { power: 1 });
  await append(rider, "ride", { power: 2 });
  await rider.send("POST", `/api/workouts/${workout.id}/complete`);
  const heard = await all;
  expect(textsOf(heard)).toEqual(['{"power":1}', '{"power":2}']);
  expect(heard.at(-1)).toEqual(deleted("ride"));
});

test("who reads nothing is cut off, and misses nothing when coming back", async () => {
  const { rider } = service;
  const events = await listen(rider, PATH);
  const texts = Array.from({ length: 30 }, (_, index) => `${index}`.padEnd(100_000, "."));
  for (const text of texts) await append(rider, "ride", text);
  const before = await events.rest();
  expect(before.length).toBeLessThan(texts.length);

  const lastEventId = before.findLast(({ id }) => id !== undefined)?.id;
  const again = await listen(rider, `${PATH}?from=-`, {
    ...(lastEventId && { "Last-Event-ID": lastEventId }),
  });
  const after = await again.take(1 + texts.length - textsOf(before).length);
  expect([...textsOf(before), ...textsOf(after)]).toEqual(texts);
  await again.leave();
});

test("a restart ends the connection", async () => {
  const events = await listen(service.rider, PATH);
  const all = events.rest();
  await service.app.reopen();
  expect(await all).toEqual([connected("ride")]);
});

test("another rider's stream of the same name is not heard", async () => {
  const other = await registerRider(service.app);
  await append(other, "ride", "theirs");
  const events = await listen(service.rider, `${PATH}?from=-`);
  await append(other, "ride", "theirs");
  await other.send("DELETE", "/api/streams/ride");
  await append(service.rider, "ride", "mine");
  expect(textsOf(await events.take(2))).toEqual(["mine"]);
  await events.leave();
});

test.each(["yesterday", "1-", "-1", "1-2-3", "$", "5-x"])("the place %p is none", async (id) => {
  const { rider } = service;
  await append(rider, "ride", "a");
  for (const path of [PATH, "/api/streams/listenAll"]) {
    const byHeader = await rider.refused("GET", path, { headers: { "Last-Event-ID": id } });
    expect(byHeader).toMatchObject({ status: 400, code: "invalid_input" });
    const byQuery = await rider.refused("GET", `${path}?lastEventId=${id}`);
    expect(byQuery).toMatchObject({ status: 400, code: "invalid_input" });
  }
  expect(await textsIn(rider, "ride")).toEqual(["a"]);
});

test("?from takes nothing but -", async () => {
  for (const path of [PATH, "/api/streams/listenAll"]) {
    expect(await service.rider.refused("GET", `${path}?from=yesterday`)).toMatchObject({ status: 400 });
  }
});

test("HEAD tells what GET would, and leaves no listener behind", async () => {
  const { app, rider } = service;
  const before = app.deps.hub.size;
  const response = await rider.request("/api/streams/ride/listen?from=-", { method: "HEAD" });
  expect(response.status).toBe(200);
  expect(response.headers.get("Content-Type")).toContain("text/event-stream");
  expect(app.deps.hub.size).toBe(before);
});

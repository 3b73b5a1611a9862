import { expect, test } from "bun:test";
import { registerRider, useService } from "../../support/accounts.ts";
import { deleted, type LiveEvent, listen, message, textsOf } from "./events.ts";
import { append, sendBatch } from "./streams.ts";

const service = useService();
const PATH = "/api/streams/listenAll";

function streamsOf(events: readonly LiveEvent[]): string[] {
  return events.flatMap(({ payload }) => (payload.type === "message" ? [payload.stream] : []));
}

test("all streams are heard, those there are and those to come", async () => {
  const { rider, app } = service;
  await append(rider, "old", "before");
  const events = await listen(rider, PATH);
  expect((await events.next())?.payload.type).toBe("connected");
  const first = await append(rider, "old", "a");
  const second = await append(rider, "new", "b");
  const timestamp = app.clock.time;
  expect(await events.take(2)).toEqual([
    message("old", first, { message: "a", timestamp }),
    message("new", second, { message: "b", timestamp }),
  ]);
  await events.leave();
});

test("?from=- replays all streams in the order in which their messages came", async () => {
  const { rider } = service;
  const texts: string[] = [];
  for (let index = 0; index < 12; index++) {
    texts.push(`message ${index}`);
    await append(rider, `stream${index % 3}`, `message ${index}`);
  }
  const events = await listen(rider, `${PATH}?from=-`);
  const heard = await events.take(13);
  expect(textsOf(heard)).toEqual(texts);
  expect(streamsOf(heard).slice(0, 4)).toEqual(["stream0", "stream1", "stream2", "stream0"]);
  await events.leave();
});

test.each(["header", "query"])(
  "resuming by %s misses nothing and repeats nothing, over all streams",
  async (by) => {
    const { rider } = service;
    await sendBatch(
      rider,
      "long",
      Array.from({ length: 700 }, (_, index) => `long ${index}`),
    );
    const heard = await append(rider, "short", "heard");
    const rest = Array.from({ length: 700 }, (_, index) => `rest ${index}`);
    await sendBatch(rider, "long", rest.slice(0, 600));
    await sendBatch(rider, "short", rest.slice(600, 650));
    await sendBatch(rider, "made-meanwhile", rest.slice(650));
    const events =
      by === "header"
        ? await listen(rider, PATH, { "Last-Event-ID": heard })
        : await listen(rider, `${PATH}?lastEventId=${heard}`);
    expect(textsOf(await events.take(701))).toEqual(rest);
    await append(rider, "long", "live");
    expect(textsOf(await events.take(1))).toEqual(["live"]);
    await events.leave();
  },
);

test("the end of a stream is told, and the others are heard on", async () => {
  const { rider } = service;
  const events = await listen(rider, PATH);
  await append(rider, "one", "a");
  await rider.send("DELETE", "/api/streams/one");
  await append(rider, "two", "b");
  await append(rider, "one", "c");
  const heard = await events.take(5);
  expect(textsOf(heard)).toEqual(["a", "b", "c"]);
  expect(heard[2]).toEqual(deleted("one"));
  await events.leave();
});

test("other riders are not heard", async () => {
  const { rider, app } = service;
  const other = await registerRider(app);
  await append(other, "theirs", "before");
  const events = await listen(rider, `${PATH}?from=-`);
  await append(other, "theirs", "a");
  await append(other, "mine", "a");
  await other.send("DELETE", "/api/streams/theirs");
  await append(rider, "mine", "b");
  const heard = await events.take(2);
  expect(textsOf(heard)).toEqual(["b"]);
  await events.leave();
});

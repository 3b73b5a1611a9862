import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import type { MessageId, StreamBuffer, StreamKey } from "../../src/streams/buffer.ts";
import { createHub } from "../../src/streams/hub.ts";
import { compareMessageIds, FIRST_MESSAGE_ID, idParts } from "../../src/streams/message-id.ts";
import { streamBufferContract } from "../contracts/stream-buffer.ts";
import { describeWithRedis } from "../support/redis.ts";
import { data, everything, openDriver, redisKey, type Store, startStore } from "./redis-support.ts";

const RIDE: StreamKey = { owner: "rider", name: "ride" };

describeWithRedis("the Redis driver", () => {
  let store: Store;
  beforeAll(async () => {
    store = await startStore();
  });
  beforeEach(async () => {
    await store.command("FLUSHALL");
    store.front.resetCounts();
  });
  afterAll(() => store[Symbol.asyncDispose]());

  streamBufferContract("redis", async (limits) => {
    const clock = { time: 1_700_000_000_000 };
    const open = () => openDriver(store.front, () => clock.time, limits);
    let buffer = open();
    return {
      clock,
      get buffer() {
        return buffer;
      },
      async reopen() {
        await buffer.close();
        buffer = open();
      },
      dispose: () => buffer.close(),
    };
  });

  /** Of the drivers that a test opens. */
  const open: StreamBuffer[] = [];
  const driver = (now?: () => number) => {
    const buffer = openDriver(store.front, now);
    open.push(buffer);
    return buffer;
  };
  afterEach(async () => {
    for (const buffer of open.splice(0)) await buffer.close();
  });

  test("a thousand appends at once are few requests, and keep their order", async () => {
    const buffer = driver();
    await buffer.ping();
    store.front.resetCounts();
    const keys = Array.from({ length: 10 }, (_, index) => ({
      owner: `rider-${index % 4}`,
      name: `s-${index}`,
    }));
    const sent = Array.from({ length: 1000 }, (_, index) => ({
      key: keys[index % keys.length] ?? RIDE,
      text: data(index),
    }));
    const ids = (await Promise.all(sent.map(({ key, text }) => buffer.append(key, [text])))).flat();
    // One that finds the script missing, one that brings it, and one that is carried out.
    expect(store.front.commands).toBeLessThan(10);
    for (const key of keys) {
      const own = sent.flatMap((sample, index) =>
        sample.key === key ? [{ id: ids[index] ?? "", data: sample.text }] : [],
      );
      expect(await everything(buffer, key)).toEqual(own);
    }
  });

  test("five thousand messages of two megabytes are one append", async () => {
    const buffer = driver();
    const texts = Array.from({ length: 5000 }, (_, index) => data(`${index} é ${"x".repeat(390)}`));
    expect(texts.join("").length).toBeGreaterThan(2_000_000);
    const ids = await buffer.append(RIDE, texts);
    expect(await everything(buffer, RIDE)).toEqual(
      texts.map((text, index) => ({ id: ids[index] ?? "", data: text })),
    );
    expect(new Set(ids).size).toBe(5000);
  });

  test("several large batches at once go one after another", async () => {
    const buffer = driver();
    const batch = Array.from({ length: 500 }, (_, index) => data(`${index} ${"x".repeat(4000)}`));
    const ids = await Promise.all([1, 2, 3, 4].map(() => buffer.append(RIDE, batch)));
    expect((await everything(buffer, RIDE)).map(({ id }) => id)).toEqual(ids.flat());
  });

  test.each([
    ["append", (buffer: StreamBuffer, key: StreamKey) => buffer.append(key, [data("broken")])],
    ["create", (buffer: StreamBuffer, key: StreamKey) => buffer.create(key)],
    ["delete", (buffer: StreamBuffer, key: StreamKey) => buffer.delete(key)],
  ])("%s on a stream that is broken fails alone, and ids go on", async (_, call) => {
    const buffer = driver(() => 1_700_000_000_000);
    const broken = { owner: "rider", name: "broken" };
    await buffer.create(broken);
    await store.command("SET", redisKey(broken), "no stream");
    const results = await Promise.allSettled([
      buffer.append(RIDE, [data(1), data(2)]),
      call(buffer, broken),
      buffer.append(RIDE, [data(3)]),
      buffer.append({ owner: "other", name: "ride" }, [data(4)]),
      buffer.create({ owner: "other", name: "new" }),
    ]);
    expect(results.map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
      "fulfilled",
      "fulfilled",
    ]);
    expect(results[1]).toMatchObject({ reason: { code: "buffer_unavailable" } });
    expect((await everything(buffer, RIDE)).map((message) => message.data)).toEqual([
      data(1),
      data(2),
      data(3),
    ]);
    const last = results.flatMap((result) => (result.status === "fulfilled" ? [result.value].flat() : []));
    const [next = ""] = await buffer.append(RIDE, [data(5)]);
    for (const id of last) expect(compareMessageIds(String(id), next)).toBeLessThan(0);
  });

  test("a broken index fails those of its owner alone", async () => {
    const buffer = driver(() => 1_700_000_000_000);
    await store.command("SET", "workout:broken", "no hash");
    const results = await Promise.allSettled([
      buffer.append(RIDE, [data(1)]),
      buffer.append({ owner: "broken", name: "ride" }, [data(2)]),
      buffer.append(RIDE, [data(3)]),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    const [next = ""] = await buffer.append(RIDE, [data(4)]);
    const ids = (await everything(buffer, RIDE)).map(({ id }) => id);
    expect(ids).toHaveLength(3);
    expect(ids.at(-1)).toBe(next);
  });

  test("instances with different clocks give ids that increase and are unique", async () => {
    const skews = [0, -3_600_000, 5_000];
    const names = ["a", "b", "c"];
    /** The latest id that anybody has been told of. */
    let latest: MessageId = FIRST_MESSAGE_ID;
    const acknowledged = new Map<MessageId, string>();
    const write = async (buffer: StreamBuffer, instance: number) => {
      for (let round = 0; round < 40; round++) {
        const before = latest;
        const appends = names.map(async (name) => {
          const texts = [data(`${instance} ${round} ${name}`), data(`${instance} ${round} ${name} again`)];
          const ids = await buffer.append({ owner: "rider", name }, texts);
          for (const [index, id] of ids.entries()) {
            expect(compareMessageIds(id, before)).toBeGreaterThan(0);
            if (compareMessageIds(id, latest) > 0) latest = id;
            acknowledged.set(id, texts[index] ?? "");
          }
        });
        await Promise.all(appends);
      }
    };
    await Promise.all(
      skews.map((skew, index) =>
        write(
          driver(() => Date.now() + skew),
          index,
        ),
      ),
    );
    expect(acknowledged.size).toBe(skews.length * names.length * 40 * 2);
    const inOrder = [...acknowledged].sort(([a], [b]) => compareMessageIds(a, b));
    const reader = driver();
    const { entries } = await reader.readAfter({ owner: "rider" }, FIRST_MESSAGE_ID, 10_000);
    expect(entries.map((message) => [message.id, String(message.data)])).toEqual(inOrder);
    const streams = await reader.list("rider");
    expect(streams.reduce((sum, { length }) => sum + length, 0)).toBe(acknowledged.size);
  });

  test("what a call costs does not depend on how many others there are", async () => {
    const buffer = driver();
    await Promise.all(
      Array.from({ length: 1500 }, (_, index) =>
        buffer.append({ owner: `rider-${index}`, name: "ride" }, ["x"]),
      ),
    );
    await buffer.append(RIDE, [data(1)]);
    store.front.resetCounts();
    expect(await buffer.list("rider")).toHaveLength(1);
    await buffer.info(RIDE);
    await buffer.range(RIDE, "-", "+", 10);
    await buffer.readAfter({ owner: "rider" }, FIRST_MESSAGE_ID, 10);
    await buffer.tail("rider");
    await buffer.append(RIDE, [data(2)]);
    await buffer.delete(RIDE);
    expect(store.front.commands).toBeLessThan(20);
    expect(await buffer.list()).toHaveLength(1500);
    for (const command of ["SCAN", "KEYS", "HSCAN", "SSCAN"]) expect(store.front.countOf(command)).toBe(0);
  });

  test("nothing is left of streams that were deleted, after a while", async () => {
    const buffer = driver();
    await buffer.append(RIDE, [data(1)]);
    await buffer.append({ ...RIDE, name: "other" }, [data(2)]);
    await buffer.delete(RIDE);
    await buffer.delete({ ...RIDE, name: "other" });
    const keys = ((await store.command("KEYS", "*")) as string[]).filter((key) => key !== "workouts:last");
    const lives = await Promise.all(keys.map((key) => store.command("PTTL", key)));
    expect(lives.length).toBeGreaterThan(0);
    for (const life of lives) expect(Number(life)).toBeGreaterThan(0);
    // A stream that is made again keeps its index for good.
    await buffer.create(RIDE);
    expect(await store.command("PTTL", "workout:rider")).toBe(-1);
  });

  test("what was deleted is read after an older id, with its end, and not among all there is", async () => {
    const buffer = driver();
    const [before = ""] = await buffer.append({ ...RIDE, name: "other" }, [data(0)]);
    const [first = "", second = ""] = await buffer.append(RIDE, [data(1), data(2)]);
    await buffer.delete(RIDE);
    const [again = ""] = await buffer.append(RIDE, [data(3)]);
    await buffer.delete(RIDE);
    const [kept = ""] = await buffer.append(RIDE, [data(4)]);
    const words = async (after: MessageId, endedAfter?: MessageId) =>
      (await buffer.readAfter({ owner: "rider" }, after, 100, endedAfter)).entries.map(({ id, data }) =>
        data === null ? "end" : id,
      );
    expect(await words(before, before)).toEqual([first, second, "end", again, "end", kept]);
    expect(await words(first, first)).toEqual([second, "end", again, "end", kept]);
    expect(await words(FIRST_MESSAGE_ID, again)).toEqual([before, again, "end", kept]);
    expect(await words(FIRST_MESSAGE_ID)).toEqual([before, kept]);
    expect(await words(first)).toEqual([kept]);
  });

  test("what one instance deleted, another whose clock is ahead leaves to be read", async () => {
    const [first = ""] = await driver().append(RIDE, [data(1)]);
    await driver().delete(RIDE);
    const ahead = driver(() => Date.now() + 3_600_000);
    await ahead.append({ ...RIDE, name: "other" }, [data(2)]);
    await ahead.delete({ ...RIDE, name: "other" });
    const { entries } = await driver().readAfter({ owner: "rider" }, "1-0", 100, "1-0");
    expect(entries.map((entry) => [entry.streamName, entry.data])).toEqual([
      ["ride", data(1)],
      ["ride", null],
      ["other", data(2)],
      ["other", null],
    ]);
    expect(entries[0]?.id).toBe(first);
  });

  test("that a stream has ended is known for a day, what it held for some minutes", async () => {
    const clock = { time: Date.now() };
    const buffer = driver(() => clock.time);
    const before = await buffer.create({ ...RIDE, name: "other" });
    const [first = "", , third = ""] = await buffer.append(RIDE, [data(1), data(2), data(3)]);
    await buffer.delete(RIDE, first);
    await buffer.delete(RIDE, third);
    const held = (await store.command("KEYS", `${redisKey(RIDE)}:*`)) as string[];
    expect(held).toHaveLength(2);
    for (const key of held) {
      const life = Number(await store.command("PTTL", key));
      expect(life).toBeGreaterThan(500_000);
      expect(life).toBeLessThanOrEqual(600_000);
    }
    // As if these minutes had passed.
    await store.command("DEL", ...held);
    const told = async () =>
      (await buffer.readAfter({ owner: "rider" }, before, 100, before)).entries.map(
        (entry) => `${entry.streamName} ${entry.data}`,
      );
    expect(await told()).toEqual(["ride null"]);
    const deleteAnother = async (name: string) => {
      await buffer.create({ ...RIDE, name });
      await buffer.delete({ ...RIDE, name });
    };
    clock.time += 80_000_000;
    await deleteAnother("second");
    expect(await told()).toEqual(["ride null", "second null"]);
    clock.time += 10_000_000;
    await deleteAnother("third");
    expect(await told()).toEqual(["second null", "third null"]);
    expect(await store.command("HLEN", "workout:rider")).toBe(3);
  });

  test("ids go on though Redis is emptied and the clock is back", async () => {
    const clock = { time: Date.now() + 3_600_000 };
    const buffer = driver(() => clock.time);
    const ids = await buffer.append(RIDE, [data(1), data(2), data(3)]);
    await store.command("FLUSHALL");
    clock.time -= 3_600_000;
    const next = await buffer.append(RIDE, [data(4)]);
    expect(compareMessageIds(next[0] ?? "", ids.at(-1) ?? "")).toBeGreaterThan(0);
  });

  test("a replay reads little more than it gives", async () => {
    const buffer = driver();
    const hub = createHub(buffer, (error) => {
      throw error;
    });
    const names = Array.from({ length: 30 }, (_, index) => `stream-${index}`);
    const texts = Array.from({ length: 200 }, (_, index) => data(`${index} ${"x".repeat(500)}`));
    for (const name of names) await buffer.append({ owner: "rider", name }, texts);
    // In turn, as sensors post that record at the same time.
    for (let round = 0; round < 20; round++) {
      for (const name of names.slice(0, 3)) await buffer.append({ owner: "rider", name }, texts.slice(0, 1));
    }
    const replay = async (streamName: string | undefined, count: number) => {
      const before = await bytesSent();
      const subscription = await hub.subscribe("rider", { streamName, after: FIRST_MESSAGE_ID });
      let bytes = 0;
      for (let heard = 0; heard < count; ) {
        const event = await subscription.next();
        if (event?.type !== "messages") break;
        heard += event.messages.length;
        for (const message of event.messages) bytes += message.data.length;
      }
      subscription.close();
      expect(bytes).toBeGreaterThan(count * 500);
      return ((await bytesSent()) - before) / bytes;
    };
    expect(await replay("stream-20", 200)).toBeLessThan(1.5);
    expect(await replay("stream-0", 220)).toBeLessThan(1.5);
    expect(await replay(undefined, 30 * 200 + 60)).toBeLessThan(1.5);
    hub.close();
  });

  /** How many bytes Redis has answered with since it was started. */
  async function bytesSent(): Promise<number> {
    const stats = String(await store.command("INFO", "stats"));
    return Number(/^total_net_output_bytes:(\d+)/m.exec(stats)?.[1]);
  }

  test("what was deleted of a stream that goes on is still read after an older id", async () => {
    const buffer = driver();
    const before = await buffer.create(RIDE);
    const ids = await buffer.append(
      RIDE,
      [1, 2, 3, 4, 5].map((sample) => data(sample)),
    );
    await buffer.delete(RIDE, ids[1]);
    await buffer.delete(RIDE, ids[3]);
    const { entries } = await buffer.readAfter({ owner: "rider" }, before, 100, before);
    expect(entries.map(({ id, data }) => [id, data])).toEqual(ids.map((id, index) => [id, data(index + 1)]));
    const { entries: left } = await buffer.readAfter({ owner: "rider" }, before, 100);
    expect(left.map(({ id }) => id)).toEqual(ids.slice(4));
    expect(idParts(await buffer.tail("rider")).milliseconds).toBeGreaterThan(0);
  });
});

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { BufferLimits } from "../../src/limits.ts";
import type { StreamBuffer, StreamKey } from "../../src/streams/buffer.ts";
import {
  compareMessageIds,
  FIRST_MESSAGE_ID,
  followingMessageId,
  LAST_MESSAGE_ID,
} from "../../src/streams/message-id.ts";
import { failureOf } from "../support/failure.ts";

/** A driver on a store of its own: `reopen` restarts it on the same data, `now` is a clock that the test sets. */
export type BufferUnderTest = {
  buffer: StreamBuffer;
  clock: { time: number };
  reopen(): Promise<void>;
  dispose(): Promise<void>;
};

const RIDE: StreamKey = { owner: "rider-1", name: "ride" };
const data = (message: unknown, timestamp = 1) =>
  JSON.stringify({ message: JSON.stringify(message), timestamp });
const all = (buffer: StreamBuffer, key = RIDE) =>
  buffer.range(key, FIRST_MESSAGE_ID, LAST_MESSAGE_ID, 100_000);

/** What every driver of the StreamBuffer port must do. */
export function streamBufferContract(
  driver: string,
  open: (limits?: BufferLimits) => Promise<BufferUnderTest>,
): void {
  describe(`stream buffer: ${driver}`, () => {
    let subject: BufferUnderTest;
    beforeEach(async () => {
      subject = await open();
    });
    afterEach(() => subject.dispose());

    test("gives back what was appended, as it was, in order", async () => {
      const texts = [data("plain"), data({ power: 250, note: 'é\u0000\n\ud800 "quoted" 🚴' }), data("")];
      const ids = await subject.buffer.append(RIDE, texts);
      const messages = await all(subject.buffer);
      expect(messages.map((message) => message.data)).toEqual(texts);
      expect(messages.map((message) => message.id)).toEqual(ids);
      expect(messages.every((message) => message.streamName === "ride")).toBe(true);
    });

    test("gives back any JSON text", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.json({ stringUnit: "binary" }), { minLength: 1, maxLength: 5 }),
          async (texts) => {
            await subject.buffer.delete(RIDE);
            const escaped = texts.map((text) => JSON.stringify({ message: text, timestamp: 1 }));
            await subject.buffer.append(RIDE, escaped);
            expect((await all(subject.buffer)).map((message) => message.data)).toEqual(escaped);
          },
        ),
        { numRuns: 30 },
      );
    });

    test("ids increase strictly over concurrent appends and a clock that stands still or steps back", async () => {
      const ids: string[] = [];
      for (const step of [0, 5, -10_000, 0, 20_000]) {
        subject.clock.time += step;
        const appended = await Promise.all(
          [1, 2, 3].map((sample) => subject.buffer.append(RIDE, [data(sample), data(-sample)])),
        );
        ids.push(...appended.flat());
      }
      const stored = (await all(subject.buffer)).map((message) => message.id);
      expect(stored).toEqual(ids);
      for (const [index, id] of stored.entries()) {
        if (index > 0) expect(compareMessageIds(stored[index - 1] ?? "", id)).toBeLessThan(0);
      }
    });

    test("ids go on increasing after a restart, even with an earlier clock and a deleted stream", async () => {
      const [first] = await subject.buffer.append(RIDE, [data(1)]);
      await subject.buffer.append({ ...RIDE, name: "other" }, [data(2)]);
      const [last] = await subject.buffer.append(RIDE, [data(3)]);
      await subject.buffer.delete(RIDE);
      subject.clock.time -= 3_600_000;
      await subject.reopen();
      const [next] = await subject.buffer.append(RIDE, [data(4)]);
      expect(compareMessageIds(first ?? "", last ?? "")).toBeLessThan(0);
      expect(compareMessageIds(last ?? "", next ?? "")).toBeLessThan(0);
    });

    test("everything acknowledged is there after a restart", async () => {
      await Promise.all(Array.from({ length: 50 }, (_, index) => subject.buffer.append(RIDE, [data(index)])));
      const before = { messages: await all(subject.buffer), streams: await subject.buffer.list() };
      await subject.reopen();
      expect(await all(subject.buffer)).toEqual(before.messages);
      expect(await subject.buffer.list()).toEqual(before.streams);
      expect(before.messages).toHaveLength(50);
    });

    test("range takes both ends and stops at count", async () => {
      const ids = await subject.buffer.append(
        RIDE,
        [1, 2, 3, 4, 5].map((sample) => data(sample)),
      );
      const between = await subject.buffer.range(RIDE, ids[1] ?? "", ids[3] ?? "", 10);
      expect(between.map((message) => message.id)).toEqual(ids.slice(1, 4));
      const counted = await subject.buffer.range(RIDE, FIRST_MESSAGE_ID, LAST_MESSAGE_ID, 2);
      expect(counted.map((message) => message.id)).toEqual(ids.slice(0, 2));
    });

    test("readAfter merges the streams of one owner in the order of their ids, page by page", async () => {
      const sent: string[] = [];
      for (let sample = 0; sample < 12; sample++) {
        const key = { owner: "rider-1", name: `stream-${sample % 3}` };
        sent.push(...(await subject.buffer.append(key, [data(sample)])));
      }
      await subject.buffer.append({ owner: "rider-2", name: "stream-0" }, [data("not theirs")]);
      const read: string[] = [];
      for (let after = FIRST_MESSAGE_ID; ; ) {
        const { entries, cursor } = await subject.buffer.readAfter({ owner: "rider-1" }, after, 5);
        read.push(...entries.map((message) => message.id));
        expect(cursor).toBe(entries.at(-1)?.id ?? after);
        if (entries.length === 0) break;
        after = cursor;
      }
      expect(read).toEqual(sent);
    });

    test("readAfter gives all that there is in scope, in order and once, in pages that are full until the last", async () => {
      const step = fc.record({
        name: fc.constantFrom("a", "b", "c", "d"),
        count: fc.integer({ min: 1, max: 6 }),
        deleteThrough: fc.oneof(
          { weight: 5, arbitrary: fc.constant(undefined) },
          { weight: 1, arbitrary: fc.nat(20) },
        ),
      });
      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { minLength: 3, maxLength: 25 }),
          fc.integer({ min: 1, max: 9 }),
          fc.nat(40),
          async (steps, pageSize, place) => {
            const owner = Bun.randomUUIDv7();
            let there: { id: string; name: string }[] = [];
            for (const { name, count, deleteThrough } of steps) {
              const texts = Array.from({ length: count }, (_, index) => data(index));
              const ids = await subject.buffer.append({ owner, name }, texts);
              there.push(...ids.map((id) => ({ id, name })));
              const through = deleteThrough === undefined ? undefined : there[deleteThrough];
              if (!through) continue;
              await subject.buffer.delete({ owner, name: through.name }, through.id);
              there = there.filter(
                ({ id, name }) => name !== through.name || compareMessageIds(id, through.id) > 0,
              );
            }
            const from = there[place]?.id ?? FIRST_MESSAGE_ID;
            for (const name of [undefined, "a", "b", "none"]) {
              const wanted = there.filter(
                (message) =>
                  compareMessageIds(message.id, from) > 0 && (name === undefined || name === message.name),
              );
              const read: { id: string; name: string }[] = [];
              for (let after = from; ; ) {
                const { entries, cursor } = await subject.buffer.readAfter({ owner, name }, after, pageSize);
                read.push(...entries.map(({ id, streamName }) => ({ id, name: streamName })));
                if (entries.length < pageSize) break;
                after = cursor;
              }
              expect(read).toEqual(wanted);
            }
          },
        ),
        { numRuns: 20 },
      );
    });

    test("nothing that comes later is at or before the tail", async () => {
      await subject.buffer.append(RIDE, [data(1)]);
      const tail = await subject.buffer.tail("rider-1");
      expect((await subject.buffer.readAfter({ owner: "rider-1" }, tail, 10)).entries).toEqual([]);
      const [id] = await subject.buffer.append(RIDE, [data(2)]);
      const { entries } = await subject.buffer.readAfter({ owner: "rider-1" }, tail, 10);
      expect(entries.map((message) => message.id)).toEqual([id ?? ""]);
    });

    test("ids go on after one that another buffer has given out, and not after an older one", async () => {
      const ahead = `${subject.clock.time + 3_600_000}-7`;
      subject.buffer.advance(ahead);
      subject.buffer.advance(`${subject.clock.time}-0`);
      const [first = "", second = ""] = await subject.buffer.append(RIDE, [data(1), data(2)]);
      expect(compareMessageIds(first, ahead)).toBeGreaterThan(0);
      expect(compareMessageIds(second, first)).toBeGreaterThan(0);
      await subject.buffer.delete(RIDE);
      await subject.reopen();
      const [next = ""] = await subject.buffer.append(RIDE, [data(3)]);
      expect(compareMessageIds(next, second)).toBeGreaterThan(0);
    });

    test("create makes an empty stream, once, and its id lies before the first message", async () => {
      const id = await subject.buffer.create(RIDE);
      expect(await subject.buffer.info(RIDE)).toMatchObject({
        length: 0,
        firstMessageId: null,
        lastMessageId: null,
      });
      const [first] = await subject.buffer.append(RIDE, [data(1)]);
      expect(compareMessageIds(id, first ?? "")).toBeLessThan(0);
      expect(await subject.buffer.create(RIDE)).toBe(first ?? "");
      expect(await subject.buffer.info(RIDE)).toMatchObject({ length: 1 });
    });

    test("list and info tell length, first, last and activity, of one owner or of all", async () => {
      expect(await subject.buffer.list()).toEqual([]);
      expect(await subject.buffer.info(RIDE)).toBeNull();
      const ids = await subject.buffer.append(RIDE, [data(1), data(2)]);
      await subject.buffer.create({ owner: "rider-2", name: "ride" });
      expect(await subject.buffer.list("rider-1")).toEqual([
        {
          owner: "rider-1",
          name: "ride",
          length: 2,
          firstMessageId: ids[0] ?? null,
          lastMessageId: ids[1] ?? null,
          lastActivity: subject.clock.time,
        },
      ]);
      expect(await subject.buffer.list()).toHaveLength(2);
      expect(await subject.buffer.list("nobody")).toEqual([]);
    });

    test("two owners may have streams of one name", async () => {
      await subject.buffer.append(RIDE, [data("mine")]);
      await subject.buffer.append({ owner: "rider-2", name: "ride" }, [data("theirs")]);
      expect((await all(subject.buffer)).map((message) => message.data)).toEqual([data("mine")]);
      await subject.buffer.delete(RIDE);
      expect(await all(subject.buffer, { owner: "rider-2", name: "ride" })).toHaveLength(1);
    });

    test("delete takes the stream, and says whether there was one", async () => {
      await subject.buffer.append(RIDE, [data(1)]);
      expect(await subject.buffer.delete(RIDE)).toBe(true);
      expect(await subject.buffer.delete(RIDE)).toBe(false);
      expect(await subject.buffer.info(RIDE)).toBeNull();
      expect(await all(subject.buffer)).toEqual([]);
    });

    test("delete up to an id keeps what came after it", async () => {
      const ids = await subject.buffer.append(RIDE, [data(1), data(2), data(3)]);
      expect(await subject.buffer.delete(RIDE, ids[1])).toBe(true);
      expect((await all(subject.buffer)).map((message) => message.id)).toEqual(ids.slice(2));
      expect(await subject.buffer.info(RIDE)).toMatchObject({ length: 1, firstMessageId: ids[2] ?? "" });
      expect(await subject.buffer.delete(RIDE, ids[2])).toBe(true);
      expect(await subject.buffer.info(RIDE)).toBeNull();
    });

    test("a deletion among appends takes exactly those sent before it", async () => {
      const before = subject.buffer.append(RIDE, [data("before")]);
      const deletion = subject.buffer.delete(RIDE);
      const after = subject.buffer.append(RIDE, [data("after")]);
      await Promise.all([before, deletion, after]);
      expect((await all(subject.buffer)).map((message) => message.data)).toEqual([data("after")]);
      expect(await subject.buffer.info(RIDE)).toMatchObject({ length: 1 });
    });

    test("info is right after any sequence of calls, and the same after a restart", async () => {
      const call = fc.oneof(
        fc.record({
          kind: fc.constant("append" as const),
          name: fc.constantFrom("a", "b"),
          count: fc.integer({ min: 1, max: 4 }),
        }),
        fc.record({
          kind: fc.constant("delete" as const),
          name: fc.constantFrom("a", "b"),
          through: fc.nat(6),
        }),
        fc.record({ kind: fc.constant("create" as const), name: fc.constantFrom("a", "b") }),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(call, { maxLength: 15 }), async (calls) => {
          const owner = Bun.randomUUIDv7();
          const model = new Map<string, string[]>();
          for (const step of calls) {
            const key = { owner, name: step.name };
            const held = model.get(step.name);
            if (step.kind === "create") {
              await subject.buffer.create(key);
              if (!held) model.set(step.name, []);
            } else if (step.kind === "append") {
              const ids = await subject.buffer.append(
                key,
                Array.from({ length: step.count }, (_, index) => data(index)),
              );
              model.set(step.name, [...(held ?? []), ...ids]);
            } else {
              const through = held?.[step.through];
              expect(await subject.buffer.delete(key, through)).toBe(held !== undefined);
              const left = through === undefined ? [] : (held?.slice(step.through + 1) ?? []);
              if (left.length > 0) model.set(step.name, left);
              else model.delete(step.name);
            }
          }
          const expected = [...model].map(([name, ids]) => ({
            name,
            length: ids.length,
            firstMessageId: ids[0] ?? null,
            lastMessageId: ids.at(-1) ?? null,
          }));
          const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
          const listed = async () =>
            (await subject.buffer.list(owner))
              .map(({ name, length, firstMessageId, lastMessageId }) => ({
                name,
                length,
                firstMessageId,
                lastMessageId,
              }))
              .sort(byName);
          expect(await listed()).toEqual(expected.sort(byName));
          await subject.reopen();
          expect(await listed()).toEqual(expected);
        }),
        { numRuns: 15 },
      );
    });

    test("what follows an id is the next place after it", async () => {
      const [first, second] = await subject.buffer.append(RIDE, [data(1), data(2)]);
      const rest = await subject.buffer.range(RIDE, followingMessageId(first ?? ""), LAST_MESSAGE_ID, 10);
      expect(rest.map((message) => message.id)).toEqual([second ?? ""]);
    });

    test("giving back space changes nothing that can be read", async () => {
      const ids = await subject.buffer.append(
        RIDE,
        Array.from({ length: 50 }, (_, index) => data(index)),
      );
      const other = { owner: RIDE.owner, name: "gone" };
      await subject.buffer.append(other, [data(1)]);
      await subject.buffer.delete(other);
      while (await subject.buffer.compact()) await Bun.sleep(0);
      const messages = await subject.buffer.range(RIDE, FIRST_MESSAGE_ID, LAST_MESSAGE_ID, 100);
      expect(messages.map(({ id }) => id)).toEqual(ids);
    });

    describe("at its limits", () => {
      const roomy = { messages: 1_000_000, bytes: 1_000_000_000, streams: 1000 };
      let limited: BufferUnderTest;
      const openLimited = async (limits: Partial<BufferLimits>) => {
        limited = await open({ ...roomy, ...limits });
        return limited.buffer;
      };
      afterEach(() => limited.dispose());

      const samples = (count: number) => Array.from({ length: count }, (_, index) => data(index));
      const size = (texts: readonly string[]) =>
        texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);

      test("a stream takes as many messages as it may have and no more, a batch all or nothing", async () => {
        const buffer = await openLimited({ messages: 10 });
        await buffer.append(RIDE, samples(8));
        await expect(buffer.append(RIDE, samples(3))).rejects.toMatchObject({ code: "stream_full" });
        await buffer.append(RIDE, samples(2));
        await expect(buffer.append(RIDE, samples(1))).rejects.toMatchObject({ code: "stream_full" });
        expect((await all(buffer)).map((message) => message.data)).toEqual([...samples(8), ...samples(2)]);
        expect(await buffer.info(RIDE)).toMatchObject({ length: 10 });
        await buffer.append({ ...RIDE, name: "another" }, samples(10));
      });

      test("a stream takes as many bytes as it may have and no more", async () => {
        const texts = [data("é"), data("x".repeat(500)), data("🚴")];
        const buffer = await openLimited({ bytes: size(texts) });
        await buffer.append(RIDE, texts.slice(0, 2));
        await expect(buffer.append(RIDE, [data("🚴🚴")])).rejects.toMatchObject({ code: "stream_full" });
        await buffer.append(RIDE, texts.slice(2));
        await expect(buffer.append(RIDE, [data("")])).rejects.toMatchObject({ code: "stream_full" });
        expect((await all(buffer)).map((message) => message.data)).toEqual(texts);
      });

      test("of those that come at once, what fits is stored, and the others alone are refused", async () => {
        const buffer = await openLimited({ messages: 5 });
        const other = { ...RIDE, name: "other" };
        const outcomes = await Promise.allSettled([
          buffer.append(RIDE, samples(3)),
          buffer.append(RIDE, samples(3)),
          buffer.append(other, samples(1)),
          buffer.append(RIDE, samples(2)),
          buffer.append(RIDE, samples(1)),
        ]);
        expect(outcomes.map(({ status }) => status)).toEqual([
          "fulfilled",
          "rejected",
          "fulfilled",
          "fulfilled",
          "rejected",
        ]);
        const ids = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
        expect((await all(buffer)).map(({ id }) => id)).toEqual([...(ids[0] ?? []), ...(ids[2] ?? [])]);
        expect(await all(buffer, other)).toHaveLength(1);
      });

      test("what a stream has still counts after a restart", async () => {
        const texts = [data("é".repeat(100)), data(1)];
        await openLimited({ messages: 3, bytes: size(texts) });
        await limited.buffer.append(RIDE, texts.slice(0, 1));
        await limited.buffer.append({ ...RIDE, name: "long" }, samples(3));
        await limited.reopen();
        await expect(limited.buffer.append(RIDE, [data(22)])).rejects.toMatchObject({ code: "stream_full" });
        await limited.buffer.append(RIDE, texts.slice(1));
        const more = limited.buffer.append({ ...RIDE, name: "long" }, samples(1));
        await expect(more).rejects.toMatchObject({ code: "stream_full" });
      });

      test("deleting makes room, of the stream or of its beginning", async () => {
        const texts = samples(4);
        const buffer = await openLimited({ bytes: size(texts) });
        const ids = await buffer.append(RIDE, texts);
        await buffer.delete(RIDE, ids[2]);
        await expect(buffer.append(RIDE, texts)).rejects.toMatchObject({ code: "stream_full" });
        await buffer.append(RIDE, texts.slice(0, 3));
        await buffer.delete(RIDE);
        await buffer.append(RIDE, texts);
        expect(await all(buffer)).toHaveLength(4);
      });

      test("an owner has as many streams as there may be and no more, until one is deleted", async () => {
        const buffer = await openLimited({ streams: 3 });
        const named = (name: string) => ({ owner: RIDE.owner, name });
        await buffer.create(named("a"));
        await Promise.all([buffer.append(named("b"), samples(1)), buffer.create(named("c"))]);
        for (const refused of [
          () => buffer.create(named("d")),
          () => buffer.append(named("d"), samples(1)),
        ]) {
          await expect(refused()).rejects.toMatchObject({ code: "too_many_streams" });
        }
        await buffer.create(named("a"));
        await buffer.append(named("c"), samples(1));
        await buffer.create({ owner: "rider-2", name: "d" });
        await buffer.delete(named("b"));
        const outcomes = await Promise.allSettled([
          buffer.append(named("d"), samples(1)),
          buffer.create(named("e")),
        ]);
        expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
        expect((await buffer.list(RIDE.owner)).map(({ name }) => name).sort()).toEqual(["a", "c", "d"]);
      });
    });

    test("a closed buffer refuses with a code instead of losing samples", async () => {
      await subject.buffer.close();
      expect(await failureOf(subject.buffer.append(RIDE, [data(1)]))).toMatchObject({
        code: "buffer_unavailable",
      });
      await subject.reopen();
    });
  });
}

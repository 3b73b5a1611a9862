import { afterEach, beforeEach, expect, test } from "bun:test";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import type { StreamBuffer, StreamKey } from "../../src/streams/buffer.ts";
import { openEmbeddedBuffer } from "../../src/streams/embedded.ts";
import { createHub, type Hub, type Subscription } from "../../src/streams/hub.ts";
import { FIRST_MESSAGE_ID } from "../../src/streams/message-id.ts";
import { temporaryDirectory } from "../support/directory.ts";

const RIDE: StreamKey = { owner: "rider", name: "ride" };

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let buffer: StreamBuffer;
let hub: Hub;
let reads: number;
/** Called when a replay of one stream has read a page that is not given to it yet. */
let afterReplayRead: () => Promise<void>;

beforeEach(async () => {
  directory = await temporaryDirectory();
  const embedded = await openEmbeddedBuffer({
    path: join(directory.path, "s.db"),
    durability: "relaxed",
    now: Date.now,
  });
  reads = 0;
  afterReplayRead = async () => {};
  buffer = {
    ...embedded,
    async readAfter(scope, ...args) {
      reads += 1;
      const page = await embedded.readAfter(scope, ...args);
      if (scope.name !== undefined) await afterReplayRead();
      return page;
    },
  };
  const onError = (error: unknown) => {
    throw error;
  };
  hub = createHub(buffer, onError, { ofOwner: 1000, ofInstance: 1000 });
});

afterEach(async () => {
  hub.close();
  await buffer.close();
  await directory.remove();
});

async function post(key: StreamKey, ...values: unknown[]): Promise<string[]> {
  const ids = await buffer.append(
    key,
    values.map((value) => JSON.stringify({ message: JSON.stringify(value), timestamp: 1 })),
  );
  hub.notify(key.owner);
  return ids;
}

/** Reads until `count` messages have come, or the subscription is over. */
async function take(subscription: Subscription, count: number): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count) {
    const event = await subscription.next();
    if (!event) break;
    if (event.type === "messages") ids.push(...event.messages.map((message) => message.id));
  }
  return ids;
}

test("a listener hears what is stored after it came, of its stream alone", async () => {
  await post(RIDE, "before");
  const subscription = await hub.subscribe("rider", { streamName: "ride" });
  await post({ ...RIDE, name: "other" }, "other stream");
  await post({ ...RIDE, owner: "somebody" }, "other rider");
  const ids = await post(RIDE, 1, 2);
  expect(await take(subscription, 2)).toEqual(ids);
});

test("a listener to all hears every stream of its owner, new ones included", async () => {
  const subscription = await hub.subscribe("rider", {});
  const ids = [
    ...(await post(RIDE, 1)),
    ...(await post({ ...RIDE, name: "new" }, 2)),
    ...(await post(RIDE, 3)),
  ];
  await post({ ...RIDE, owner: "somebody" }, "not theirs");
  expect(await take(subscription, 3)).toEqual(ids);
});

test("a thousand listeners cost one read", async () => {
  const subscriptions = await Promise.all(Array.from({ length: 1000 }, () => hub.subscribe("rider", {})));
  const ids = await post(RIDE, 1, 2, 3);
  const heard = await Promise.all(subscriptions.map((subscription) => take(subscription, 3)));
  expect(heard.every((got) => Bun.deepEquals(got, ids))).toBe(true);
  expect(reads).toBe(1);
  expect(hub.size).toBe(1000);
  for (const subscription of subscriptions) subscription.close();
  expect(hub.size).toBe(0);
});

test("replay and live join without a gap and without a repeat, whenever listeners come", async () => {
  const POSTS = 120;
  const listener = fc.record({
    /** How many posts are on the disk when it comes; the next ones are under way. */
    comesAfter: fc.nat(POSTS - 1),
    streamName: fc.constantFrom(undefined, "ride", "other"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(listener, { minLength: 2, maxLength: 12 }), async (listeners) => {
      const owner = Bun.randomUUIDv7();
      const live = hear(await hub.subscribe(owner, {}));
      const posts = Array.from({ length: POSTS }, () =>
        Promise.withResolvers<{ id: string; streamName: string }>(),
      );
      const posting = (async () => {
        for (const [index, { resolve }] of posts.entries()) {
          const streamName = index % 3 === 0 ? "other" : "ride";
          const [id = ""] = await post({ owner, name: streamName }, index);
          resolve({ id, streamName });
        }
      })();
      const readings = await Promise.all(
        listeners.map(async ({ comesAfter, streamName }) => {
          const { id: after } = (await posts[comesAfter]?.promise) ?? { id: "" };
          const subscription = await hub.subscribe(owner, { ...(streamName && { streamName }), after });
          return { comesAfter, streamName, heard: hear(subscription) };
        }),
      );
      await posting;
      const posted = await Promise.all(posts.map(({ promise }) => promise));
      await buffer.create({ owner, name: "everything" });
      for (const name of ["ride", "other", "everything"]) await hub.deleteStream({ owner, name });
      expect(await live).toEqual(posted.map(({ id }) => id));
      for (const { comesAfter, streamName, heard } of readings) {
        const wanted = posted
          .slice(comesAfter + 1)
          .filter((message) => !streamName || message.streamName === streamName);
        expect(await heard).toEqual(wanted.map(({ id }) => id));
      }
    }),
    { numRuns: 15 },
  );
});

/** Everything a subscription gives until it is over or is told of the end of "everything". */
async function hear(subscription: Subscription): Promise<string[]> {
  const ids: string[] = [];
  for (;;) {
    const event = await subscription.next();
    if (!event || (event.type === "deleted" && event.streamName === "everything")) break;
    if (event.type === "messages") ids.push(...event.messages.map(({ id }) => id));
  }
  subscription.close();
  return ids;
}

test("resuming after the last id that was heard continues with the next", async () => {
  const ids = await post(RIDE, 1, 2, 3, 4);
  const subscription = await hub.subscribe("rider", { streamName: "ride", after: ids[1] });
  expect(await take(subscription, 2)).toEqual(ids.slice(2));
});

test("an id from the future hears what comes from now on", async () => {
  await post(RIDE, 1);
  const subscription = await hub.subscribe("rider", { streamName: "ride", after: "9999999999999-0" });
  const ids = await post(RIDE, 2);
  expect(await take(subscription, 1)).toEqual(ids);
});

test("a reader that takes nothing is cut off, and the others are not", async () => {
  const slow = await hub.subscribe("rider", { streamName: "ride" });
  const quick = await hub.subscribe("rider", { streamName: "ride" });
  const sent: string[] = [];
  const heard: string[] = [];
  for (let round = 0; round < 12; round++) {
    sent.push(...(await post(RIDE, "x".repeat(100_000))));
    heard.push(...(await take(quick, 1)));
  }
  expect(heard).toEqual(sent);
  expect(await slow.next()).toBeNull();
  expect(hub.size).toBe(1);
});

test("a deleted stream is announced after its last message, and ends those who listened to it alone", async () => {
  const one = await hub.subscribe("rider", { streamName: "ride" });
  const all = await hub.subscribe("rider", {});
  const ids = await post(RIDE, 1, 2);
  expect(await hub.deleteStream(RIDE)).toBe(true);
  expect(await take(one, 2)).toEqual(ids);
  expect(await one.next()).toEqual({ type: "deleted", streamName: "ride" });
  expect(await one.next()).toBeNull();
  expect(await take(all, 2)).toEqual(ids);
  expect(await all.next()).toEqual({ type: "deleted", streamName: "ride" });
  const more = await post({ ...RIDE, name: "next" }, 3);
  expect(await take(all, 1)).toEqual(more);
});

test("a deletion waits for a listener that is still replaying", async () => {
  const ids = await post(RIDE, ...Array.from({ length: 1200 }, (_, index) => index));
  const subscription = await hub.subscribe("rider", { streamName: "ride", after: FIRST_MESSAGE_ID });
  const heard = take(subscription, 1200).then(async (got) => ({ got, last: await subscription.next() }));
  expect(await hub.deleteStream(RIDE)).toBe(true);
  expect(await heard).toEqual({ got: ids, last: { type: "deleted", streamName: "ride" } });
});

test("closing ends those who listen and those who come later", async () => {
  const subscription = await hub.subscribe("rider", {});
  const waiting = subscription.next();
  hub.close();
  expect(await waiting).toBeNull();
  expect(await (await hub.subscribe("rider", {})).next()).toBeNull();
});

test("what cannot be read once nobody listens any longer is no error", async () => {
  const called = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<never>();
  const readAfter = () => {
    called.resolve();
    return answer.promise;
  };
  const errors: unknown[] = [];
  const closing = createHub({ ...buffer, readAfter }, (error) => errors.push(error));
  await closing.subscribe("rider", {});
  closing.notify("rider");
  await called.promise;
  closing.close();
  answer.reject(new Error("The connection is closed."));
  await answer.promise.catch(() => {});
  await setImmediate();
  expect(errors).toEqual([]);
});

test("who is disconnected may come back, and others are not", async () => {
  const subscription = await hub.subscribe("rider", {});
  const other = await hub.subscribe("somebody", {});
  const ids = await post(RIDE, 1, 2);
  expect(await take(subscription, 2)).toEqual(ids);
  hub.disconnect("rider");
  expect(await subscription.next()).toBeNull();
  const back = await hub.subscribe("rider", { after: ids[0] });
  expect(await take(back, 1)).toEqual(ids.slice(1));
  const theirs = await post({ ...RIDE, owner: "somebody" }, 3);
  expect(await take(other, 1)).toEqual(theirs);
});

test("what the others hear while a replay finds nothing more is not passed over", async () => {
  const [first] = await post(RIDE, 1);
  const live = await hub.subscribe("rider", { streamName: "ride" });
  const late = await hub.subscribe("rider", { streamName: "ride", after: first });
  let second: string[] = [];
  afterReplayRead = async () => {
    afterReplayRead = async () => {};
    second = await post(RIDE, 2);
    expect(await take(live, 1)).toEqual(second);
  };
  const heard = await take(late, 1);
  expect(heard).toEqual(second);
  const third = await post(RIDE, 3);
  expect(await take(late, 1)).toEqual(third);
});

test("who comes while a stream is being deleted finds it gone", async () => {
  await post(RIDE, ...Array.from({ length: 100 }, (_, index) => index));
  const replaying = await hub.subscribe("rider", { streamName: "ride", after: FIRST_MESSAGE_ID });
  const deletion = hub.deleteStream(RIDE);
  const coming = hub.subscribe("rider", { streamName: "ride", after: FIRST_MESSAGE_ID });
  expect(await take(replaying, 100)).toHaveLength(100);
  const announced = replaying.next();
  expect(await deletion).toBe(true);
  expect(await announced).toEqual({ type: "deleted", streamName: "ride" });
  const late = await coming;
  const next = await post(RIDE, "of the next ride");
  expect(await take(late, 1)).toEqual(next);
});

test("a deletion does not wait for those who never stop posting", async () => {
  await hub.subscribe("rider", { streamName: "ride" });
  await post(RIDE, 1);
  let deleted = false;
  const deletion = hub.deleteStream(RIDE).finally(() => {
    deleted = true;
  });
  let posts = 0;
  for (; !deleted && posts < 5000; posts++) await post({ ...RIDE, name: "other" }, posts);
  expect(await deletion).toBe(true);
  expect(posts).toBeLessThan(5000);
});

test("an owner has as many listeners as there may be and no more, until one leaves, and so has the instance", async () => {
  const hub = createHub(buffer, () => {}, { ofOwner: 2, ofInstance: 3 });
  const tooMany = expect.objectContaining({ code: "too_many_listeners" });
  const first = await hub.subscribe("a", {});
  await hub.subscribe("a", { streamName: "ride" });
  await expect(hub.subscribe("a", {})).rejects.toEqual(tooMany);
  await hub.subscribe("b", {});
  await expect(hub.subscribe("b", {})).rejects.toEqual(tooMany);
  first.close();
  await hub.subscribe("a", {});
  await expect(hub.subscribe("b", {})).rejects.toEqual(tooMany);
  hub.close();
});

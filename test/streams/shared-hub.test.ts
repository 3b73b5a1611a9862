import { afterAll, afterEach, beforeAll, beforeEach, expect, spyOn, test } from "bun:test";
import { setTimeout } from "node:timers/promises";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import fc from "fast-check";
import { eventStream } from "../../src/features/streams/events.ts";
import type { MessageId, StreamKey } from "../../src/streams/buffer.ts";
import type { HubEvent, Subscription } from "../../src/streams/hub.ts";
import { compareMessageIds, FIRST_MESSAGE_ID } from "../../src/streams/message-id.ts";
import { describeWithRedis } from "../support/redis.ts";
import {
  data,
  type Follower,
  follow,
  type Instance,
  openDriver,
  redisKey,
  type Store,
  startInstance,
  startStore,
  until,
  wordsOf,
} from "./redis-support.ts";

describeWithRedis("hubs that share a Redis", () => {
  let store: Store;
  let a: Instance;
  let b: Instance;
  /** Of each test its own, so that none sees what another has left. */
  let ride: StreamKey;
  let other: StreamKey;
  beforeAll(async () => {
    store = await startStore();
  });
  beforeEach(() => {
    a = startInstance(store);
    b = startInstance(store);
    ride = { owner: Bun.randomUUIDv7(), name: "ride" };
    other = { ...ride, name: "other" };
  });
  afterEach(async () => {
    // A test that failed may have left it paused.
    store.redis.resume();
    await a[Symbol.asyncDispose]();
    await b[Symbol.asyncDispose]();
  });
  afterAll(() => store[Symbol.asyncDispose]());

  /** Posts again and again until it is told to stop; resolves then to all ids. */
  function ridden({ post }: Instance, key: StreamKey, pause: number) {
    const ids: MessageId[] = [];
    let riding = true;
    const ride = async () => {
      for (let sample = 0; riding; sample++) {
        ids.push(...(await post(key, sample)));
        await setTimeout(pause);
      }
      return ids;
    };
    const done = ride();
    return {
      ids,
      stop() {
        riding = false;
        return done;
      },
    };
  }

  /** The next things that a subscription tells, at least so many of them; fewer when it is over before. */
  async function take(subscription: Subscription, count: number): Promise<string[]> {
    return (await takeEvents(subscription, count)).flatMap(wordsOf);
  }

  async function takeEvents(subscription: Subscription, count: number): Promise<HubEvent[]> {
    const events: HubEvent[] = [];
    while (events.flatMap(wordsOf).length < count) {
      const event = await subscription.next();
      if (!event) break;
      events.push(event);
    }
    return events;
  }

  const hearing = (follower: Follower, count: number) => until(() => follower.heard.length >= count);

  test("what is posted to one is heard from the other, soon, in order and once", async () => {
    await a.post(ride, "before");
    const one = follow(await b.hub.subscribe(ride.owner, { streamName: "ride" }));
    const all = follow(await b.hub.subscribe(ride.owner, {}));
    const posted: { id: MessageId; time: number }[] = [];
    for (let sample = 0; sample < 12; sample++) {
      const [id = ""] = await a.post(ride, sample);
      posted.push({ id, time: Date.now() });
      if (sample === 5) await a.post({ ...ride, owner: "somebody" }, "not theirs");
      await setTimeout(sample === 1 ? 1000 : 90);
    }
    await hearing(one, posted.length);
    await hearing(all, posted.length);
    for (const follower of [one, all]) {
      expect(follower.heard).toEqual(posted.map(({ id }) => id));
      for (const [index, { time }] of posted.entries()) {
        expect((follower.times[index] ?? 0) - time).toBeLessThan(1000);
      }
    }
  }, 10_000);

  test("what is posted to an instance is heard there at once, and on the other after that", async () => {
    const here = follow(await a.hub.subscribe(ride.owner, {}));
    const there = follow(await b.hub.subscribe(ride.owner, {}));
    const posted: MessageId[] = [];
    for (let sample = 0; sample < 20; sample++) {
      const [from, key] = [sample % 2 === 0 ? a : b, sample % 3 === 0 ? other : ride];
      posted.push(...(await from.post(key, sample)));
    }
    await hearing(here, 20);
    await hearing(there, 20);
    expect(here.heard).toEqual(posted);
    expect(there.heard).toEqual(posted);
  });

  /** How many commands B sends in so many ms. */
  async function commandsIn(milliseconds: number): Promise<number> {
    b.front.resetCounts();
    await setTimeout(milliseconds);
    return b.front.commands;
  }

  test("twenty listeners cost as many commands as one, and none when they are gone", async () => {
    const riding = ridden(a, ride, 100);
    const first = follow(await b.hub.subscribe(ride.owner, { streamName: "ride" }));
    await hearing(first, 3);
    const forOne = await commandsIn(1500);
    expect(forOne).toBeGreaterThan(3);
    expect(forOne).toBeLessThanOrEqual(7);
    const others = await Promise.all(
      Array.from({ length: 19 }, (_, index) =>
        b.hub.subscribe(ride.owner, index % 2 === 0 ? {} : { streamName: "ride" }),
      ),
    );
    const followers = [first, ...others.map(follow)];
    expect(await commandsIn(1500)).toBeLessThanOrEqual(forOne + 1);
    const posted = await riding.stop();
    await until(() => followers.every(({ heard }) => heard.at(-1) === posted.at(-1)));
    for (const { heard } of followers) expect(heard).toEqual(posted.slice(-heard.length));
    for (const follower of followers) follower.close();
    expect(b.hub.size).toBe(0);
    expect(await commandsIn(700)).toBe(0);
  }, 10_000);

  test("however fast a watched rider posts here, the reads of a second are bounded", async () => {
    const listener = follow(await b.hub.subscribe(ride.owner, {}));
    b.front.resetCounts();
    const start = performance.now();
    const ids: MessageId[] = [];
    while (performance.now() - start < 1500) {
      // As one who posts at B, but for the way of the appends: all that goes through B's front are its reads.
      ids.push(...(await a.post(ride, ids.length)));
      b.hub.notify(ride.owner);
    }
    const seconds = (performance.now() - start) / 1000;
    await hearing(listener, ids.length);
    expect(listener.heard).toEqual(ids);
    expect(ids.length).toBeGreaterThan(100);
    // Ten a second, one for each full page, and those at the ends.
    expect(b.front.commands).toBeLessThanOrEqual(10 * seconds + ids.length / 100 + 5);
  });

  test("the last of a burst is heard soon, though the next regular look is far away", async () => {
    const listener = follow(await b.hub.subscribe(ride.owner, {}));
    const now = performance.now.bind(performance);
    const clock = spyOn(performance, "now").mockImplementation(() => now() + 600_000);
    try {
      b.front.resetCounts();
      await until(() => b.front.commands > 0);
      // Nothing has come for ten minutes: the next look is in five seconds.
      const ids: MessageId[] = [];
      for (let sample = 0; sample < 20; sample++) {
        ids.push(...(await a.post(ride, sample)));
        b.hub.notify(ride.owner);
      }
      await until(() => listener.heard.length === ids.length, 3000);
      expect(listener.heard).toEqual(ids);
    } finally {
      clock.mockRestore();
    }
  });

  test("a rider whom nobody watches here costs nothing", async () => {
    const riding = ridden(a, ride, 50);
    follow(await b.hub.subscribe(Bun.randomUUIDv7(), {}));
    b.front.resetCounts();
    await setTimeout(700);
    await riding.stop();
    expect(b.front.commandsTouching(`workout:${ride.owner}`)).toBe(0);
    expect(b.front.commands).toBeLessThanOrEqual(3);
  });

  test("listeners that come one after another keep nobody waiting", async () => {
    const first = follow(await b.hub.subscribe(ride.owner, {}));
    const [id = ""] = await a.post(ride, 1);
    const start = Date.now();
    while (first.heard.length === 0 && Date.now() - start < 1500) {
      (await b.hub.subscribe(ride.owner, {})).close();
      await setTimeout(20);
    }
    expect(first.heard).toEqual([id]);
    expect(Date.now() - start).toBeLessThan(1000);
  });

  test("an idle stream costs next to nothing, and is followed closely as soon as it moves", async () => {
    const listener = follow(await b.hub.subscribe(ride.owner, { streamName: "ride" }));
    const now = performance.now.bind(performance);
    // The hub tells idleness by this clock.
    let passed = 20_000;
    const clock = spyOn(performance, "now").mockImplementation(() => now() + passed);
    try {
      // The poll that was due already; from then on one a second.
      await until(() => b.front.countOf("EVALSHA") > 1);
      expect(await commandsIn(1500)).toBeLessThanOrEqual(2);
      const ids = await a.post(ride, 1);
      await hearing(listener, 1);
      expect(await commandsIn(1000)).toBeGreaterThanOrEqual(3);
      expect(listener.heard).toEqual(ids);
      passed += 600_000;
      // The last that was due soon.
      b.front.resetCounts();
      await until(() => b.front.commands > 0);
      expect(await commandsIn(1000)).toBe(0);
    } finally {
      clock.mockRestore();
    }
  }, 15_000);

  test("resuming elsewhere leaves nothing out and repeats nothing, whenever and wherever", async () => {
    const names = ["ride", "other", "third"];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ posts: fc.nat(6), onB: fc.boolean(), takes: fc.nat(8) }), {
          minLength: 3,
          maxLength: 8,
        }),
        fc.constantFrom(undefined, ...names),
        async (stays, streamName) => {
          const owner = Bun.randomUUIDv7();
          const posted: { id: MessageId; name: string }[] = [];
          const post = async (count: number) => {
            for (let sample = 0; sample < count; sample++) {
              const name = names[posted.length % names.length] ?? "";
              const [id = ""] = await (sample % 2 ? a : b).post({ owner, name }, sample);
              posted.push({ id, name });
            }
          };
          await post(3);
          const heard: string[] = [];
          const expected = () =>
            posted.flatMap(({ id, name }) => (!streamName || name === streamName ? [id] : []));
          for (const { posts, onB, takes } of stays) {
            const posting = post(posts);
            const after = heard.at(-1) ?? FIRST_MESSAGE_ID;
            const subscription = await (onB ? b : a).hub.subscribe(owner, { streamName, after });
            // As many as can be counted on: more may be on their way.
            const wanted = Math.min(takes, expected().length - heard.length);
            if (wanted > 0) heard.push(...(await take(subscription, wanted)));
            subscription.close();
            await posting;
          }
          const after = heard.at(-1) ?? FIRST_MESSAGE_ID;
          const subscription = await b.hub.subscribe(owner, { streamName, after });
          const rest = expected().length - heard.length;
          if (rest > 0) heard.push(...(await take(subscription, rest)));
          subscription.close();
          expect(heard).toEqual(expected());
        },
      ),
      { numRuns: 15 },
    );
  }, 30_000);

  test("a deletion is heard elsewhere after all that was posted, and ends who listens to that stream alone", async () => {
    const one = follow(await b.hub.subscribe(ride.owner, { streamName: "ride" }));
    const all = follow(await b.hub.subscribe(ride.owner, {}));
    const ids = await a.post(ride, 1, 2, 3);
    expect(await a.hub.deleteStream(ride)).toBe(true);
    const more = await a.post(other, 4);
    await hearing(all, 5);
    expect(one.heard).toEqual([...ids, "deleted ride"]);
    await until(() => one.ended === true);
    expect(all.heard).toEqual([...ids, "deleted ride", ...more]);
    expect(all.ended).toBe(false);
    expect(b.hub.size).toBe(1);
  });

  test("an empty stream that is deleted is heard to end", async () => {
    const one = follow(await b.hub.subscribe(ride.owner, { streamName: "ride" }));
    await a.buffer.create(ride);
    expect(await a.hub.deleteStream(ride)).toBe(true);
    await until(() => one.ended === true);
    expect(one.heard).toEqual(["deleted ride"]);
  });

  test("who listens where the stream is deleted hears it once", async () => {
    const one = follow(await a.hub.subscribe(ride.owner, { streamName: "ride" }));
    const all = follow(await a.hub.subscribe(ride.owner, {}));
    const ids = await b.post(ride, 1, 2);
    expect(await a.hub.deleteStream(ride)).toBe(true);
    expect(await a.hub.deleteStream(ride)).toBe(false);
    const more = await a.post(other, 3);
    await hearing(all, 4);
    expect(all.heard).toEqual([...ids, "deleted ride", ...more]);
    expect(one.heard).toEqual([...ids, "deleted ride"]);
  });

  test("once a deletion has resolved, who listens here has been told, and may be disconnected", async () => {
    const one = follow(await a.hub.subscribe(ride.owner, { streamName: "ride" }));
    const ids = await b.post(ride, 1, 2);
    await a.hub.deleteStream(ride);
    a.hub.disconnect(ride.owner);
    await until(() => one.ended === true);
    expect(one.heard).toEqual([...ids, "deleted ride"]);
  });

  test("a stream may be deleted and made again several times before anybody looks", async () => {
    const one = follow(await b.hub.subscribe(ride.owner, { streamName: "ride" }));
    const all = follow(await b.hub.subscribe(ride.owner, {}));
    const rounds: string[][] = [];
    for (let round = 0; round < 3; round++) {
      rounds.push(await a.post(ride, round, round));
      await a.hub.deleteStream(ride);
    }
    const last = await a.post(ride, "last");
    await hearing(all, 10);
    expect(all.heard).toEqual([...rounds.flatMap((ids) => [...ids, "deleted ride"]), ...last]);
    expect(one.heard).toEqual([...(rounds[0] ?? []), "deleted ride"]);
  });

  test("parts of a stream may be deleted before anybody has them", async () => {
    const one = follow(await b.hub.subscribe(ride.owner, { streamName: "ride" }));
    const ids = await a.post(ride, 1, 2, 3, 4, 5);
    await a.hub.deleteStream(ride, ids[1]);
    await a.hub.deleteStream(ride, ids[2]);
    ids.push(...(await a.post(ride, 6)));
    await hearing(one, 6);
    expect(one.heard).toEqual(ids);
    expect(one.ended).toBe(false);
    await a.hub.deleteStream(ride, ids.at(-1));
    await until(() => one.ended === true);
    expect(one.heard).toEqual([...ids, "deleted ride"]);
  });

  test.each([
    ["one stream", "ride"],
    ["all streams", undefined],
  ])(
    "who is still replaying %s hears the rest and the end of what is deleted elsewhere",
    async (_, streamName) => {
      const before = await a.post(ride, ...Array.from({ length: 40 }, (_, index) => index));
      const replaying = await b.hub.subscribe(ride.owner, { streamName, after: FIRST_MESSAGE_ID });
      const heard = await take(replaying, 1);
      expect(heard.length).toBeLessThan(40);
      before.push(...(await a.post(ride, "more")));
      // Others have had all of it by then, and the end as well.
      const live = follow(await b.hub.subscribe(ride.owner, {}));
      await a.hub.deleteStream(ride);
      await hearing(live, 1);
      heard.push(...(await take(replaying, 42 - heard.length)));
      expect(heard).toEqual([...before, "deleted ride"]);
      const more = await a.post(other, 1);
      expect(await take(replaying, 1)).toEqual(streamName === undefined ? more : []);
      replaying.close();
    },
  );

  test("who was away while a stream ended hears the rest of it and the end, once", async () => {
    const [first = "", ...rest] = await a.post(ride, 1, 2, 3);
    await a.hub.deleteStream(ride);
    let end: MessageId | undefined;
    for (const streamName of ["ride", undefined]) {
      for (const after of [first, rest.at(-1)]) {
        const back = await b.hub.subscribe(ride.owner, { streamName, after });
        const events = await takeEvents(back, after === first ? 3 : 1);
        expect(events.flatMap(wordsOf)).toEqual([...(after === first ? rest : []), "deleted ride"]);
        const last = events.at(-1);
        end = last?.type === "deleted" ? last.id : undefined;
        back.close();
      }
    }
    // Who comes back after that is not told again, and hears what there is next.
    const next: MessageId[] = [];
    const back = await Promise.all(
      [a, b].flatMap(({ hub }) =>
        ["ride", undefined].map(async (streamName) =>
          follow(await hub.subscribe(ride.owner, { streamName, after: end })),
        ),
      ),
    );
    back.push(follow(await b.hub.subscribe(ride.owner, { after: FIRST_MESSAGE_ID })));
    next.push(...(await a.post(ride, 4)));
    for (const follower of back) await hearing(follower, 1);
    for (const { heard } of back) expect(heard).toEqual(next);
  });

  /** What a deletion keeps for those who have yet to hear it is gone from Redis, as after some minutes. */
  async function forgetDeleted(key: StreamKey): Promise<void> {
    const keys = (await store.command("KEYS", `${redisKey(key)}:*`)) as string[];
    expect(keys.length).toBeGreaterThan(0);
    await store.command("DEL", ...keys);
  }

  test("who is cut off from Redis for longer than what was deleted is kept still hears the end", async () => {
    const ids = await a.post(ride, 1);
    const one = follow(await b.hub.subscribe(ride.owner, { streamName: "ride", after: FIRST_MESSAGE_ID }));
    const all = follow(await b.hub.subscribe(ride.owner, { after: FIRST_MESSAGE_ID }));
    await hearing(one, 1);
    await hearing(all, 1);
    await b.front.stop();
    await a.post(ride, 2);
    expect(await a.hub.deleteStream(ride)).toBe(true);
    await forgetDeleted(ride);
    // Another deletion looks at what the earlier ones have left.
    const others = await a.post(other, 3);
    expect(await a.hub.deleteStream(other)).toBe(true);
    b.front.restart();
    await until(() => one.ended === true);
    expect(one.heard).toEqual([...ids, "deleted ride"]);
    const story = [...ids, "deleted ride", ...others, "deleted other"];
    await hearing(all, story.length);
    expect(all.heard).toEqual(story);
    expect(all.ended).toBe(false);
    // Who comes back to another instance is told as well.
    const back = follow(await a.hub.subscribe(ride.owner, { streamName: "ride", after: ids[0] }));
    await until(() => back.ended === true);
    expect(back.heard).toEqual(["deleted ride"]);
  });

  test("a replay that pauses for longer than what was deleted is kept ends with the stream", async () => {
    const ids = await a.post(ride, ...Array.from({ length: 40 }, (_, index) => index));
    const replaying = await b.hub.subscribe(ride.owner, { streamName: "ride", after: FIRST_MESSAGE_ID });
    const heard = await take(replaying, 1);
    await a.hub.deleteStream(ride);
    await forgetDeleted(ride);
    const rest = follow(replaying);
    await until(() => rest.ended === true);
    expect(heard.length).toBeLessThan(40);
    expect([...heard, ...rest.heard]).toEqual([...ids.slice(0, heard.length), "deleted ride"]);
  });

  test("who listens, or still replays, goes on with a Redis that was emptied, though ids had run ahead", async () => {
    const ahead = openDriver(a.front, () => Date.now() + 3_600_000);
    const before = await ahead.append(
      ride,
      Array.from({ length: 40 }, (_, index) => data(index)),
    );
    await ahead.close();
    const one = follow(await b.hub.subscribe(ride.owner, { streamName: "ride" }));
    const all = follow(await b.hub.subscribe(ride.owner, { after: before.at(-2) }));
    await hearing(all, 1);
    const replaying = await b.hub.subscribe(ride.owner, { after: FIRST_MESSAGE_ID });
    const heard = await take(replaying, 1);
    await store.command("FLUSHALL");
    b.front.resetCounts();
    await until(() => b.front.countOf("EVALSHA") > 1);
    const rest = follow(replaying);
    await until(() => b.front.countOf("EVALSHA") > 4);
    const ids = await a.post(ride, 1, 2);
    expect(compareMessageIds(ids[0] ?? "", before[0] ?? "")).toBeLessThan(0);
    for (const follower of [one, all, rest]) await hearing(follower, 2);
    expect(one.heard).toEqual(ids);
    expect(all.heard).toEqual([...before.slice(-1), ...ids]);
    expect([...heard, ...rest.heard]).toEqual([...before.slice(0, heard.length), ...ids]);
    await a.hub.deleteStream(ride);
    await until(() => one.ended === true);
  });

  test("the end of a stream has an id as server-sent event, after which a listener comes back", async () => {
    const frames = async (after: MessageId | undefined, count: number) => {
      const subscription = await b.hub.subscribe(ride.owner, { after });
      const response = new Response(eventStream(subscription, "all", b.hub));
      const heard: EventSourceMessage[] = [];
      const parser = createParser({ onEvent: (event) => heard.push(event) });
      const decoder = new TextDecoder();
      for await (const chunk of response.body ?? []) {
        parser.feed(decoder.decode(chunk, { stream: true }));
        // The first says that the connection stands.
        if (heard.length > count) break;
      }
      return heard.slice(1);
    };
    const before = await a.post(other, 0);
    const listening = frames(before[0], 3);
    const ids = await a.post(ride, 1, 2);
    await a.hub.deleteStream(ride);
    const [, , end] = await listening;
    expect(JSON.parse(end?.data ?? "")).toEqual({ type: "stream_deleted", streamName: "ride" });
    expect(compareMessageIds(end?.id ?? "", ids[1] ?? "")).toBeGreaterThan(0);
    const more = await a.post(other, 3);
    expect((await frames(end?.id, 1)).map(({ id }) => id)).toEqual(more);
  });

  test("who comes after a deletion hears nothing of what was deleted, though others have yet to", async () => {
    // Looks seldom by now.
    const idle = follow(await b.hub.subscribe(ride.owner, {}));
    const ids = await a.post(ride, 1, 2);
    await a.hub.deleteStream(ride);
    const late = follow(await b.hub.subscribe(ride.owner, { after: FIRST_MESSAGE_ID }));
    const fresh = follow(await b.hub.subscribe(ride.owner, {}));
    const next = await a.post(ride, 3);
    await hearing(idle, 4);
    expect(idle.heard).toEqual([...ids, "deleted ride", ...next]);
    await hearing(late, 1);
    await hearing(fresh, 1);
    expect(late.heard).toEqual(next);
    expect(fresh.heard).toEqual(next);
  });

  test("everybody hears the same story, whatever is posted and deleted where", async () => {
    const step = fc.record({
      onB: fc.boolean(),
      name: fc.constantFrom("ride", "other"),
      call: fc.oneof(
        {
          weight: 3,
          arbitrary: fc.record({ kind: fc.constant("post" as const), count: fc.integer({ min: 1, max: 4 }) }),
        },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant("delete" as const) }) },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant("shorten" as const), by: fc.nat(4) }) },
        {
          weight: 1,
          arbitrary: fc.record({
            kind: fc.constant("listen" as const),
            from: fc.constantFrom("start", "now"),
          }),
        },
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 25 }), async (steps) => {
        const owner = Bun.randomUUIDv7();
        const story: string[] = [];
        const held = new Map<string, MessageId[]>();
        const listeners: { follower: Follower; expected: () => string[] }[] = [];
        const listen = async ({ hub }: Instance, from: string) => {
          const there = [...held.values()].flat().sort(compareMessageIds);
          const begin = story.length;
          const after = from === "start" ? FIRST_MESSAGE_ID : undefined;
          const follower = follow(await hub.subscribe(owner, { after }));
          const replayed = from === "start" ? there : [];
          listeners.push({ follower, expected: () => [...replayed, ...story.slice(begin)] });
        };
        await listen(a, "now");
        await listen(b, "now");
        for (const { onB, name, call } of steps) {
          const instance = onB ? b : a;
          const key = { owner, name };
          const ids = held.get(name);
          if (call.kind === "listen") await listen(instance, call.from);
          if (call.kind === "post") {
            const posted = await instance.post(key, ...Array(call.count).fill(0));
            story.push(...posted);
            held.set(name, [...(ids ?? []), ...posted]);
          }
          if (call.kind === "delete" || call.kind === "shorten") {
            const through = call.kind === "shorten" ? ids?.[call.by] : undefined;
            expect(await instance.hub.deleteStream(key, through)).toBe(ids !== undefined);
            const left = through === undefined ? [] : (ids ?? []).slice(ids?.indexOf(through)).slice(1);
            if (ids && left.length === 0) story.push(`deleted ${name}`);
            if (left.length === 0) held.delete(name);
            else held.set(name, left);
          }
        }
        for (const { follower, expected } of listeners) {
          await until(() => follower.heard.length >= expected().length);
          expect(follower.heard).toEqual(expected());
          follower.close();
        }
      }),
      { numRuns: 12 },
    );
  }, 30_000);

  test("while Redis hangs listeners stay, and then hear all of it once", async () => {
    const one = follow(await b.hub.subscribe(ride.owner, { streamName: "ride" }));
    const all = follow(await b.hub.subscribe(ride.owner, {}));
    const another = follow(await b.hub.subscribe(Bun.randomUUIDv7(), {}));
    const ids = await a.post(ride, ...Array.from({ length: 40 }, (_, index) => index));
    await hearing(one, 40);
    const replaying = await b.hub.subscribe(ride.owner, { streamName: "ride", after: FIRST_MESSAGE_ID });
    const replayed = await take(replaying, 1);
    store.redis.pause();
    const rest = follow(replaying);
    // Acknowledged or not, what is on its way is heard once.
    const unknown = await a.post(ride, "lost").catch(() => []);
    await until(() => b.errors.length > 0);
    await setTimeout(1000);
    store.redis.resume();
    ids.push(...unknown);
    let last: string[] = [];
    await until(async () => {
      last = await a.post(ride, "after").catch(() => []);
      return last.length > 0;
    }, 5000);
    await until(() => [one, all, rest].every(({ heard }) => heard.at(-1) === last[0]), 8000);
    const stored = (await b.buffer.range(ride, "-", "+", 100)).map(({ id }) => id);
    expect(stored.slice(0, 40)).toEqual(ids.slice(0, 40));
    for (const { heard, ended } of [one, all, { heard: [...replayed, ...rest.heard], ended: rest.ended }]) {
      expect(heard).toEqual(stored);
      expect(ended).toBe(false);
    }
    expect(another.ended).toBe(false);
    expect(b.errors).toHaveLength(1);
    expect(b.errors[0]).toMatchObject({ code: "buffer_unavailable" });
  }, 20_000);

  test("each time that Redis is away is reported once, and who listens goes on", async () => {
    const somebody = Bun.randomUUIDv7();
    const followers = await Promise.all(
      [ride.owner, ride.owner, somebody].map(async (owner) => follow(await b.hub.subscribe(owner, {}))),
    );
    const ids: string[] = [];
    const away = async (times: number) => {
      await until(() => b.errors.length === times);
      await expect(b.hub.subscribe(ride.owner, {})).rejects.toMatchObject({ code: "buffer_unavailable" });
      // Long enough for several attempts of every channel.
      await setTimeout(1200);
      expect(b.errors).toHaveLength(times);
    };
    const back = async () => {
      b.front.resetCounts();
      await until(() => followers.slice(0, 2).every(({ heard }) => heard.length === ids.length));
      // The other owner is asked for again: a second time when the first was answered.
      await until(() => b.front.commandsTouching(`workout:${somebody}`) > 1);
    };
    await b.front.stop();
    await away(1);
    ids.push(...(await a.post(ride, "meanwhile")));
    b.front.restart();
    await back();
    ids.push(...(await a.post(ride, "just before")));
    await store.redis.kill9();
    await away(2);
    await store.redis.restart();
    ids.push(...(await a.post(ride, "afterwards")));
    await back();
    expect(followers.map(({ heard }) => heard)).toEqual([ids, ids, []]);
    expect(followers.every(({ ended }) => !ended)).toBe(true);
    expect(b.errors).toHaveLength(2);
  }, 20_000);

  test("a stream that cannot be deleted stays, with its listeners, until it can", async () => {
    const here = follow(await a.hub.subscribe(ride.owner, { streamName: "ride" }));
    const there = follow(await b.hub.subscribe(ride.owner, { streamName: "ride" }));
    const ids = await a.post(ride, 1, 2);
    await a.front.stop();
    await expect(a.hub.deleteStream(ride)).rejects.toMatchObject({ code: "buffer_unavailable" });
    a.front.restart();
    ids.push(...(await b.post(ride, 3)));
    await hearing(there, 3);
    expect(await a.buffer.info(ride)).toMatchObject({ length: 3 });
    expect(await a.hub.deleteStream(ride)).toBe(true);
    await until(() => here.ended === true && there.ended === true);
    for (const { heard } of [here, there]) expect(heard).toEqual([...ids, "deleted ride"]);
  });

  test("a deletion whose answer is lost is heard as any other", async () => {
    const there = follow(await b.hub.subscribe(ride.owner, { streamName: "ride" }));
    const ids = await a.post(ride, 1, 2);
    a.front.dropAnswers(1);
    await expect(a.hub.deleteStream(ride)).rejects.toMatchObject({ code: "buffer_unavailable" });
    expect(await a.hub.deleteStream(ride)).toBe(false);
    await until(() => there.ended === true);
    expect(there.heard).toEqual([...ids, "deleted ride"]);
  });

  test("a hub that is closed asks no more", async () => {
    const riding = ridden(a, ride, 50);
    const listener = follow(await b.hub.subscribe(ride.owner, {}));
    await hearing(listener, 3);
    b.hub.close();
    await until(() => listener.ended === true);
    // What was under way is answered.
    await b.buffer.ping();
    expect(await commandsIn(700)).toBe(0);
    expect(await (await b.hub.subscribe(ride.owner, {})).next()).toBeNull();
    expect(await commandsIn(400)).toBe(0);
    await riding.stop();
  });

  test("a large batch is heard elsewhere as a whole", async () => {
    const listener = follow(await b.hub.subscribe(ride.owner, { streamName: "ride" }));
    const ids = await a.buffer.append(
      ride,
      Array.from({ length: 5000 }, (_, index) => data(index)),
    );
    await hearing(listener, 5000);
    expect(listener.heard).toEqual(ids);
  });
});

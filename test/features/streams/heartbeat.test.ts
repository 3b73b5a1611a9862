import { afterEach, beforeEach, expect, jest, spyOn, test } from "bun:test";
import { eventStream } from "../../../src/features/streams/events.ts";
import type { HubEvent } from "../../../src/streams/hub.ts";

const MINUTE_MS = 60_000;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** A listener of a stream in which something happens when a test says so. */
function listening() {
  let coming = Promise.withResolvers<HubEvent | null>();
  /** Of the promises that were given out: how often somebody began to wait for one. */
  let waits = 0;
  const subscription = {
    next: () => {
      coming = Promise.withResolvers();
      const wait = coming.promise.then.bind(coming.promise);
      spyOn(coming.promise, "then").mockImplementation((...handlers) => {
        waits += 1;
        return wait(...handlers);
      });
      return coming.promise;
    },
    over: new Promise<void>(() => {}),
    close: () => coming.resolve(null),
  };
  const reader = eventStream(subscription, "ride", { closed: false }).getReader();
  return {
    get waits() {
      return waits;
    },
    happen: (event: HubEvent | null) => coming.resolve(event),
    async read(): Promise<string | undefined> {
      const { value } = await reader.read();
      return value && new TextDecoder().decode(value);
    },
    leave: () => reader.cancel(),
  };
}

const ENDED: HubEvent = { type: "deleted", streamName: "ride" };

test("a reader is shown again and again that a quiet connection lives, and then hears what happens", async () => {
  const listener = listening();
  await listener.read();
  for (let heartbeat = 0; heartbeat < 100; heartbeat++) {
    const shown = listener.read();
    jest.advanceTimersByTime(MINUTE_MS / 4);
    expect(await shown).toBe(": heartbeat\n\n");
  }
  // Nothing is kept for each of them, however long the stream stands still.
  expect(listener.waits).toBeLessThanOrEqual(1);
  const heard = listener.read();
  listener.happen(ENDED);
  expect(await heard).toContain("stream_deleted");
  await listener.leave();
});

test("for a reader that takes nothing no heartbeats pile up", async () => {
  const listener = listening();
  await listener.read();
  const shown = listener.read();
  jest.advanceTimersByTime(MINUTE_MS / 4);
  await shown;
  jest.advanceTimersByTime(10 * MINUTE_MS);
  const waiting = listener.read();
  listener.happen(ENDED);
  const heard = [await waiting, await listener.read()].join("");
  expect(heard.split("heartbeat").length).toBeLessThanOrEqual(2);
  expect(heard).toContain("stream_deleted");
  expect(jest.getTimerCount()).toBeLessThanOrEqual(1);
  await listener.leave();
});

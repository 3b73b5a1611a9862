import { afterEach, beforeEach, expect, test } from "bun:test";
import { Thread } from "../src/thread.ts";
import type { TestService } from "./support/thread.ts";

let thread: Thread<TestService>;
beforeEach(() => {
  const file = new URL("./support/thread.ts", import.meta.url);
  thread = new Thread<TestService>(file, { title: "The thread of the test" });
});
afterEach(() => thread.terminate());

test("each call has its own answer, in whatever order they come", async () => {
  const slow = thread.call("doubled", { number: 1, after: 50 });
  const fast = thread.call("doubled", { number: 2, after: 0 });
  const first = await Promise.race([slow, fast]);
  expect([first, await slow, await fast]).toEqual([4, 2, 4]);
  expect(await thread.call("numbers")).toEqual(Float64Array.of(1, 2, 3));
});

test("what the service throws is thrown here, and the thread goes on", async () => {
  await expect(thread.call("refuse", { why: "It is too much." })).rejects.toThrow("It is too much.");
  expect(await thread.call("doubled", { number: 3, after: 0 })).toBe(6);
  expect(thread.failure).toBeUndefined();
});

test.each([
  ["end", "The thread of the test has ended."],
  ["fail", /^The thread of the test failed: [\s\S]*on purpose/],
] as const)(
  "calls to a thread that comes to its %s fail, those under way and those to come",
  async (how, message) => {
    const waiting = thread.call("doubled", { number: 1, after: 60_000 });
    thread.call(how).catch(() => {});
    await expect(waiting).rejects.toThrow(message);
    expect(thread.failure?.message).toMatch(message);
    await expect(thread.call("numbers")).rejects.toThrow(message);
  },
);

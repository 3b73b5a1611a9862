import { expect, test } from "bun:test";
import { createTurnstile } from "../../src/streams/turnstile.ts";

test("who asks before a run starts shares it, and who asks during one gets the next", async () => {
  let begun = 0;
  let done = 0;
  let gate = Promise.withResolvers<void>();
  const pass = createTurnstile(async () => {
    begun += 1;
    await gate.promise;
    done += 1;
  }, 0);
  const first = [pass(), pass(), pass()];
  await Bun.sleep(0);
  expect(begun).toBe(1);
  const second = [pass(), pass()];
  const before = gate;
  gate = Promise.withResolvers();
  before.resolve();
  await Promise.all(first);
  expect([begun, done]).toEqual([2, 1]);
  gate.resolve();
  await Promise.all(second);
  expect([begun, done]).toEqual([2, 2]);
});

test("those who never stop asking keep nobody waiting", async () => {
  let runs = 0;
  let asking = true;
  const pass = createTurnstile(async () => {
    runs += 1;
    if (asking) pass();
    await Bun.sleep(1);
  }, 0);
  await pass();
  await pass();
  asking = false;
  expect(runs).toBeGreaterThanOrEqual(2);
  expect(runs).toBeLessThan(20);
});

test("runs start with a gap between them, however often they are asked for", async () => {
  const starts: number[] = [];
  const pass = createTurnstile(async () => {
    starts.push(performance.now());
  }, 40);
  while (starts.length < 5) {
    void pass();
    await Bun.sleep(1);
  }
  for (const [index, start] of starts.entries()) {
    if (index > 0) expect(start - (starts[index - 1] ?? 0)).toBeGreaterThanOrEqual(38);
  }
});

test("a run that fails fails for those who shared it, and the next one is on its own", async () => {
  let runs = 0;
  const pass = createTurnstile(async () => {
    runs += 1;
    if (runs === 1) throw new Error("broken");
  }, 0);
  const shared = [pass(), pass()];
  for (const { status } of await Promise.allSettled(shared)) expect(status).toBe("rejected");
  await pass();
  expect(runs).toBe(2);
});

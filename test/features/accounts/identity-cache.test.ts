import { expect, test } from "bun:test";
import type { Identity } from "../../../src/features/accounts/identity.ts";
import { createIdentityCache, type Verified } from "../../../src/features/accounts/identity-cache.ts";
import { TestClock } from "../../support/clock.ts";

const identityOf = (keyId: string): Identity => ({ via: "key", userId: "rider", keyId });

function createCache({ lifetime = Number.POSITIVE_INFINITY } = {}) {
  const clock = new TestClock(1_000_000);
  const verified: string[] = [];
  const cache = createIdentityCache({ uptime: clock.uptime, atLeast: clock.now }, async (credential) => {
    verified.push(credential);
    return { identity: identityOf(credential), expiresAt: clock.time + lifetime };
  });
  return { cache, clock, verified };
}

test("a credential is verified once a minute", async () => {
  const { cache, clock, verified } = createCache();
  for (const time of [0, 1, 59_999, 60_000, 119_999]) {
    clock.time = 1_000_000 + time;
    expect(await cache.resolve("a")).toEqual(identityOf("a"));
  }
  expect(verified).toEqual(["a", "a"]);
});

test("a clock that is set back has nothing remembered for longer", async () => {
  const { cache, clock, verified } = createCache();
  await cache.resolve("a");
  clock.step(-3_600_000);
  clock.time += 60_000;
  await cache.resolve("a");
  expect(verified).toEqual(["a", "a"]);
});

test("a credential is never remembered beyond its expiry", async () => {
  const { cache, clock, verified } = createCache({ lifetime: 10 });
  await cache.resolve("a");
  clock.time += 9;
  await cache.resolve("a");
  clock.time += 1;
  await cache.resolve("a");
  expect(verified).toEqual(["a", "a"]);
});

test("forgetting takes those it is asked to take", async () => {
  const { cache, verified } = createCache();
  await cache.resolve("a");
  await cache.resolve("b");
  cache.forget((identity) => identity.via === "key" && identity.keyId === "a");
  await cache.resolve("a");
  await cache.resolve("b");
  expect(verified).toEqual(["a", "b", "a"]);
});

test("a verification that a revocation overtakes is not remembered", async () => {
  const answers: PromiseWithResolvers<Verified>[] = [];
  const cache = createIdentityCache({ uptime: () => 0, atLeast: () => 0 }, () => {
    const answer = Promise.withResolvers<Verified>();
    answers.push(answer);
    return answer.promise;
  });
  const inFlight = cache.resolve("a");
  cache.forget(() => true);
  answers[0]?.resolve({ identity: identityOf("a"), expiresAt: 1000 });
  await inFlight;
  const after = cache.resolve("a");
  answers[1]?.reject(new Error("revoked"));
  await expect(after).rejects.toThrow("revoked");
  expect(answers).toHaveLength(2);
});

test("it holds at most 10,000 credentials", async () => {
  const { cache, verified } = createCache();
  for (let index = 0; index <= 10_000; index += 1) await cache.resolve(`key ${index}`);
  verified.length = 0;
  await cache.resolve("key 10000");
  await cache.resolve("key 0");
  expect(verified).toEqual(["key 0"]);
});

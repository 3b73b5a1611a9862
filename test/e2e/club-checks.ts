import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { compareMessageIds } from "../../src/streams/message-id.ts";
import type { Completed, Workout } from "../support/rider.ts";
import {
  type Attempt,
  type ClubRider,
  type Instance,
  type Ride,
  STREAM,
  sequenceIn,
  type Watcher,
} from "./club.ts";

/** From and to when something was away. */
export type Span = { from: number; to: number };

/** What was done to the service. */
export type Faults = { outage: Span | undefined; losses: Span; kill: Span & { instance: Instance } };

/** In so much time a post is answered, whatever is away; ms. */
const ANSWER_LIMIT_MS = 2500;

const DELIVERY_LIMIT_MS = 500;

/** How long after Redis is back a post may still be refused, in ms: it reads its file first. */
export const RECOVERY_MS = 8000;

/** While Redis is away each instance says so, and a ride that somebody wants to complete stays as it is. */
export async function checkOutage(rider: ClubRider): Promise<void> {
  const path = `/api/workouts/${rider.workoutId}`;
  const checkOn = async (instance: Instance) => {
    const before = await rider.call<{ workout: Workout }>(instance, "GET", path);
    const [health, refusal] = await Promise.all([
      rider.call<Record<string, unknown>>(instance, "GET", "/health"),
      rider.request(instance, "POST", `${path}/complete`),
    ]);
    const { status, database, redis } = health;
    deepStrictEqual(
      { status, database, redis },
      { status: "degraded", database: "connected", redis: "disconnected" },
    );
    equal(refusal.status, 503, "a ride was completed without Redis");
    equal(((await refusal.json()) as { code: string }).code, "buffer_unavailable");
    ok(Number(refusal.headers.get("Retry-After")) > 0, "a completion was refused without Retry-After");
    deepStrictEqual(
      await rider.call(instance, "GET", path),
      before,
      "a completion that was refused changed it",
    );
    equal(before.workout.status, "ACTIVE");
  };
  await Promise.all(rider.club.instances.map(checkOn));
}

/** Every answer came in time; each refusal has its reason in what was away, and while Redis was, all were refused. */
export function checkAttempts(rides: readonly Ride[], { outage, losses, kill }: Faults): void {
  const reasons = [losses, ...(outage ? [{ ...outage, to: outage.to + RECOVERY_MS }] : [])];
  const posts = rides.flatMap(({ rider }) => rider.posts);
  for (const attempt of posts.flatMap(({ attempts }) => attempts)) {
    const { instance, began, ended, status, retryAfter } = attempt;
    const what = `a post to ${instance.name}, after ${(ended - began).toFixed()} ms: ${status}`;
    ok(ended - began < ANSWER_LIMIT_MS, `slow: ${what}`);
    if (status === "broken") {
      ok(instance === kill.instance && overlaps(attempt, kill), `the instance was alive: ${what}`);
    } else if (status === 503) {
      ok(Number(retryAfter) > 0, `without Retry-After: ${what}`);
      ok(
        reasons.some((span) => overlaps(attempt, span)),
        `Redis was there: ${what}`,
      );
    } else {
      equal(status, 200);
      ok(!outage || began < outage.from || ended > outage.to, `Redis was away: ${what}`);
    }
  }
}

export function overlaps({ began, ended }: Pick<Attempt, "began" | "ended">, { from, to }: Span): boolean {
  return began < to && ended > from;
}

/** Of every sample a message under the id that was acknowledged, and no more of them than it was sent. */
export function checkStored({ rider: { posts }, stored }: Ride): void {
  const bySequence = Map.groupBy(stored, ({ data }) => sequenceIn(data.message));
  for (const { sample, attempts, messageId } of posts) {
    const messages = bySequence.get(Number(sample.sequence)) ?? [];
    const what = `of sample ${sample.sequence}, sent ${attempts.length} times,`;
    ok(
      messages.some(({ id }) => id === messageId),
      `${what} what was acknowledged is gone`,
    );
    ok(messages.length <= attempts.length, `${what} there are ${messages.length} messages`);
    for (const { data } of messages) deepStrictEqual(JSON.parse(data.message), sample);
  }
  equal(bySequence.size, posts.length, "there are messages that nobody sent");
  // Each was sent once the one before was acknowledged.
  deepStrictEqual(
    [...bySequence.keys()],
    posts.map(({ sample }) => sample.sequence),
    "samples are out of order",
  );
}

/** While all is there, who listens on the other instance hears nearly everything in time; `times` in ms. */
export function checkDelivery(times: readonly number[]): void {
  const late = times.filter((time) => time > DELIVERY_LIMIT_MS);
  ok(
    times.length > 0 && late.length < times.length / 10,
    `${late.length} of ${times.length} messages were late`,
  );
}

/** All of the stream, once, in the order of ids, and then its end; connections ended by the kill alone. */
export function checkHeard(
  { heard, deleted, breaks, path, home }: Watcher,
  { stored }: Ride,
  { kill }: Faults,
): void {
  const who = `${path} on ${home.name}`;
  for (const [index, { id }] of heard.entries()) {
    const before = heard[index - 1]?.id;
    ok(before === undefined || compareMessageIds(before, id) < 0, `${who}: ${id} came after ${before}`);
  }
  const ids = new Set(heard.map(({ id }) => id));
  const missing = stored.filter(({ id }) => !ids.has(id)).map(({ id }) => id);
  deepStrictEqual(missing, [], `${who} missed some of ${stored.length}`);
  deepStrictEqual(
    heard.map(({ id, message }) => ({ id, message })),
    stored.map(({ id, data: { message } }) => ({ id, message })),
    `${who} heard what is not stored`,
  );
  deepStrictEqual(deleted, [STREAM], `${who}: ends of streams`);
  for (const { instance, at } of breaks) {
    ok(instance === kill.instance && at >= kill.from, `${who}: ${instance.name} cut it off`);
  }
}

/** Completed by one instance and, with the same answer, by another; every sample is there as it was sent, once. */
export async function checkCompletion(
  { rider, stored }: Ride,
  first: Instance,
  second: Instance,
): Promise<void> {
  const path = `/api/workouts/${rider.workoutId}`;
  const once = await rider.call<Completed>(first, "POST", `${path}/complete`);
  const again = await rider.call<Completed>(second, "POST", `${path}/complete`);
  deepStrictEqual(again, once, "completing again gave another answer");
  equal(once.workout.status, "COMPLETED");
  equal(once.workout.summary?.sampleCount, rider.posts.length);
  equal(once.archivedMessages, stored.length);
  const telemetry = await rider.call<unknown[]>(second, "GET", `${path}/telemetry`);
  deepStrictEqual(
    telemetry,
    rider.posts.map(({ sample }) => sample),
    "the telemetry is not what was sent",
  );
  deepStrictEqual(await rider.call(second, "GET", "/api/streams"), { streams: [] }, "a stream is left over");
}

import { setTimeout } from "node:timers/promises";
import { FIRST_MESSAGE_ID, followingMessageId } from "../../src/streams/message-id.ts";
import type { StoredMessage, Workout } from "../support/rider.ts";
import { type Club, ClubRider, type Instance, inTurn, type Ride, STREAM, Watcher } from "./club.ts";
import {
  checkAttempts,
  checkCompletion,
  checkDelivery,
  checkHeard,
  checkOutage,
  checkStored,
  type Faults,
  type Span,
} from "./club-checks.ts";
import { commandRate, deliveryTimes, inWords } from "./club-figures.ts";
import { enrol, type Stage, setUp } from "./club-stage.ts";

/** Times are seconds into the run. */
export type Plan = {
  riders: number;
  /** Samples that each rider posts in a second. */
  perSecond: number;
  seconds: number;
  /** Of so many requests the answers get lost on their way from Redis: it cannot be known what became of them. */
  losses: { at: number; answers: number };
  /** Instance A is killed with SIGKILL, and later started again. */
  kill: { at: number; restartAt: number };
  /** Redis is stopped, or killed with SIGKILL and started again; in the first 2.5 s both instances must be alive. */
  outage?: { how: "pause" | "kill"; at: number; seconds: number };
};

/** So many riders have somebody on each instance who listens to all of their streams. */
const WATCHED_WHOLLY = 5;

/** In so much time all the answers that are to be lost are lost, in ms: listeners alone ask more often than that. */
const LOSING_MS = 1000;

/** How long listeners may take to hear all that is stored, and then that the stream has ended; ms. */
const HEARING_LIMIT_MS = 10_000;

/**
 * Riders post to two instances on one Redis and one remote database, and are watched on both, while an instance and
 * perhaps Redis go away and come back. Resolves to what was measured, in words.
 * @throws AssertionError when a promise of the service is broken.
 */
export async function playInstances(plan: Plan): Promise<string> {
  await using stack = new AsyncDisposableStack();
  const stage = await setUp(stack);
  const ending = new AbortController();
  stack.defer(() => ending.abort());
  const club: Club = { instances: stage.instances, signal: ending.signal };
  const rides = await startRides(club, stage.databaseUrl, plan.riders);
  const watchers = rides.flatMap((ride) => ride.watchers);
  const watching = await Promise.all(watchers.map((watcher) => watcher.start()));

  const { faults, commandsPerSecond } = await rideThrough(club, stage, rides, plan);
  for (const ride of rides) ride.stored = await readStream(ride.rider, stage.instances[1]);
  await waitFor(() =>
    rides.every(({ watchers, stored }) => watchers.every(({ heard }) => heard.length >= stored.length)),
  );
  checkAttempts(rides, faults);
  for (const ride of rides) checkStored(ride);

  const completing = performance.now();
  // All at once, and on both.
  await Promise.all(
    rides.map((ride, index) => checkCompletion(ride, inTurn(club, index), inTurn(club, index + 1))),
  );
  const completed = performance.now();
  await waitFor(() => watchers.every(({ deleted }) => deleted.length > 0));
  for (const watcher of watchers) watcher.close();
  await Promise.all(watching.map(({ finished }) => finished));
  for (const ride of rides) for (const watcher of ride.watchers) checkHeard(watcher, ride, faults);
  const { same, other } = deliveryTimes(rides, faults);
  checkDelivery(other);

  return [
    ...inWords(rides, faults, { same, other }),
    `${(commandsPerSecond / plan.riders).toFixed(1)} Redis commands a second per stream`,
    `all completed twice in ${((completed - completing) / 1000).toFixed(1)} s`,
  ].join("; ");
}

async function startRides(club: Club, databaseUrl: string, count: number): Promise<Ride[]> {
  const apiKeys = await enrol(databaseUrl, count);
  return Promise.all(
    apiKeys.map(async (apiKey, index) => {
      const rider = new ClubRider(club, apiKey, index);
      const started = { streamName: STREAM };
      const instance = inTurn(club, index);
      const { workout } = await rider.call<{ workout: Workout }>(instance, "POST", "/api/workouts", started);
      rider.workoutId = workout.id;
      const paths = index < WATCHED_WHOLLY ? [`${STREAM}/listen`, "listenAll"] : [`${STREAM}/listen`];
      const watchers = club.instances.flatMap((home) => paths.map((path) => new Watcher(rider, home, path)));
      return { rider, watchers, stored: [] };
    }),
  );
}

/** Resolves when every sample is acknowledged. Commands are counted from when all are listening to the first fault. */
async function rideThrough(
  club: Club,
  stage: Stage,
  rides: readonly Ride[],
  plan: Plan,
): Promise<{ faults: Faults; commandsPerSecond: number }> {
  const start = performance.now();
  const at = (seconds: number) => sleepUntil(start + seconds * 1000, club.signal);
  const firstFault = Math.min(plan.losses.at, plan.kill.at, plan.outage?.at ?? plan.seconds);
  const [faults, commandsPerSecond] = await Promise.all([
    strike(stage, rides, plan, at),
    commandRate(stage.front, at(1), at(firstFault)),
    ...rides.map(({ rider }) => rider.ride(start, plan)),
  ]);
  return { faults, commandsPerSecond };
}

/** Does to the service what the plan says. */
async function strike(
  { redis, front, instances }: Stage,
  rides: readonly Ride[],
  plan: Plan,
  at: (seconds: number) => Promise<void>,
): Promise<Faults> {
  async function loseAnswers(): Promise<Span> {
    await at(plan.losses.at);
    const from = performance.now();
    front.dropAnswers(plan.losses.answers);
    return { from, to: from + LOSING_MS };
  }

  async function killInstance(): Promise<Faults["kill"]> {
    const [instance] = instances;
    await at(plan.kill.at);
    const from = performance.now();
    await instance.server.kill9();
    await at(plan.kill.restartAt);
    await instance.server.restart();
    return { instance, from, to: performance.now() };
  }

  async function stopRedis({ how, at: stopAt, seconds }: NonNullable<Plan["outage"]>): Promise<Span> {
    await at(stopAt);
    await (how === "pause" ? redis.pause() : redis.kill9());
    const from = performance.now();
    for (const { rider } of rides.slice(0, 1)) await checkOutage(rider);
    await at(stopAt + seconds);
    const to = performance.now();
    await (how === "pause" ? redis.resume() : redis.restart());
    return { from, to };
  }

  const [losses, kill, outage] = await Promise.all([
    loseAnswers(),
    killInstance(),
    plan.outage && stopRedis(plan.outage),
  ]);
  return { losses, kill, outage };
}

async function readStream(rider: ClubRider, instance: Instance): Promise<StoredMessage[]> {
  const messages: StoredMessage[] = [];
  for (;;) {
    const start = followingMessageId(messages.at(-1)?.id ?? FIRST_MESSAGE_ID);
    const path = `/api/streams/${STREAM}/messages?start=${start}&count=1000`;
    const page = (await rider.call<{ messages: StoredMessage[] }>(instance, "GET", path)).messages;
    if (page.length === 0) return messages;
    messages.push(...page);
  }
}

/** @throws AbortError once the run is over: then nothing must be started again. */
function sleepUntil(time: number, signal: AbortSignal): Promise<void> {
  return setTimeout(Math.max(0, time - performance.now()), undefined, { signal });
}

/** Until it is so, or has had its time: what is then missing, the checks say. */
async function waitFor(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + HEARING_LIMIT_MS;
  while (!condition() && performance.now() < deadline) await Bun.sleep(20);
}

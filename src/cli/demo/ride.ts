import type { Client } from "../../client.ts";
import { generateRide } from "./generate-ride.ts";
import { followStream } from "./live.ts";
import { keepTrying, pause } from "./patience.ts";
import { startProgress } from "./progress.ts";

/** How long the last live samples may take after the ride is complete, in ms. */
const LAST_SAMPLES_WITHIN_MS = 2000;

export type RideLength = {
  seconds: number;
  /** How many times faster than real time. */
  speed: number;
};

/**
 * Posts a generated ride into a stream, second by second, until it or the signal ends it, then completes the
 * workout and resolves to it. Meanwhile the progress shows what comes back from the server live.
 * @throws ServerError.
 */
export async function ride(
  client: Client,
  { id, streamName }: { id: string; streamName: string },
  length: RideLength,
  signal: AbortSignal,
) {
  const progress = startProgress(length.seconds);
  const leave = new AbortController();
  const following = followStream(client, streamName, progress.show, leave.signal);
  const patience = { signal, onFailure: (error: Error) => progress.explain(error.message) };
  const post = (message: string) =>
    client.api.streams[":name"].messages.$post({ param: { name: streamName }, json: { message } });
  const complete = () => client.api.workouts[":id"].complete.$post({ param: { id }, json: {} });
  try {
    for await (const { second, sample } of inTime(length, signal)) {
      await keepTrying(() => post(JSON.stringify(sample)), patience);
      progress.advance(second);
    }
    const answer = await keepTrying(complete, patience);
    await Promise.race([following, pause(LAST_SAMPLES_WITHIN_MS, leave.signal)]);
    return (await answer.json()).workout;
  } finally {
    leave.abort();
    await following;
    progress.stop();
  }
}

/**
 * The samples of a ride that ends about now, each when its second is over. By the clock, so that what a slow
 * answer has cost is made up for.
 */
async function* inTime({ seconds, speed }: RideLength, signal: AbortSignal) {
  const secondMs = 1000 / speed;
  const startTime = Math.round(Date.now() - seconds * (1000 - secondMs));
  const began = performance.now();
  let second = 0;
  for (const sample of generateRide({ seconds, startTime, random: Math.random })) {
    second += 1;
    await pause(began + second * secondMs - performance.now(), signal);
    if (signal.aborted) return;
    yield { second, sample };
  }
}

import { type Client, createClient } from "../client.ts";
import { startOwnServer } from "./demo/own-server.ts";
import { ride } from "./demo/ride.ts";
import { fetchFromServer } from "./demo/server-error.ts";
import { summaryTable } from "./demo/summary-table.ts";
import { terminationSignal } from "./termination.ts";
import { UsageError } from "./usage-error.ts";

export type DemoOptions = {
  url?: string;
  token?: string;
  apiKey?: string;
  /** How many times faster than real time. */
  speed: number;
  minutes: number;
};

/**
 * Rides into a server of its own or the one named. SIGINT and SIGTERM end the ride early, not untidily.
 * @throws ServerError with a sentence for whoever runs it.
 */
export async function demo(options: DemoOptions): Promise<void> {
  const { url, token, apiKey } = options;
  if (url === undefined && (token ?? apiKey) !== undefined) {
    throw new UsageError("--token and --api-key are for a server named by --url.");
  }
  const stop = new AbortController();
  terminationSignal().then(() => stop.abort());
  if (url === undefined) await rideIntoOwnServer(options, stop.signal);
  else await rideIntoServer(url, options, stop.signal);
}

async function rideIntoOwnServer(options: DemoOptions, signal: AbortSignal): Promise<void> {
  await using server = await startOwnServer();
  print(`A server of its own runs at ${server.url} for this ride. To watch along:`);
  print(`  curl -N ${server.url}/api/streams/listenAll`);
  await rideAndReport(createClient(server.url, { fetch: fetchFromServer }), options, signal);
  print(
    "This server goes now, and its data with it. To keep a ride, start one with `bun run start` and name it:",
  );
  print("  bun run demo --url http://127.0.0.1:3000 --api-key …");
}

async function rideIntoServer(url: string, options: DemoOptions, signal: AbortSignal): Promise<void> {
  const { token, apiKey } = options;
  const client = createClient(url, { token, apiKey, fetch: fetchFromServer });
  const id = await rideAndReport(client, options, signal);
  print(`The workout is kept: ${client.api.workouts[":id"].$url({ param: { id } })}`);
}

/** Resolves to the id of the workout. */
async function rideAndReport(
  client: Client,
  { speed, minutes }: DemoOptions,
  signal: AbortSignal,
): Promise<string> {
  const answer = await client.api.workouts.$post({ json: { title: "Demo ride" } });
  const { workout } = await answer.json();
  print(`${minutes} minutes of riding at ${speed} times real time:\n`);
  const { summary } = await ride(client, workout, { seconds: Math.round(minutes * 60), speed }, signal);
  print(`\nThe ride ${signal.aborted ? "was ended early" : "is complete"}. Its summary:\n`);
  if (summary) print(summaryTable(summary));
  return workout.id;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

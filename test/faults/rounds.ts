import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { once } from "node:events";
import { watch } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { compareMessageIds } from "../../src/streams/message-id.ts";
import { numbersFrom } from "../cli/demo/random.ts";
import { registerRider, type Workout } from "../support/rider.ts";
import { spawnService, startServer, type TestServer } from "../support/server.ts";
import {
  checkCompletion,
  checkIds,
  checkIntegrity,
  checkKept,
  readStream,
  samplesOf,
  telemetryOf,
} from "./checks.ts";
import { isAnswered, Ledger, samplesIn } from "./posting.ts";

/** Where the kill falls: among posts, into the completion of a ride, or into one while posts go on. */
type Kind = "ingest" | "completion" | "completion amid posts";

/** Milliseconds within which the kill falls. */
const WINDOW: Record<Kind, number> = { ingest: 250, completion: 80, "completion amid posts": 250 };
const DELETION_WINDOW = 10;
const START_WINDOW = 150;

const STREAM = "ride";
const LARGEST_RIDE = 5000;

type Round = {
  kind: Kind;
  server: TestServer;
  ledger: Ledger;
  workoutId: string;
  /** Even numbers from 0 to below 1. */
  random: () => number;
};

/** Each kind takes its turn from seed to seed. */
export function kindOf(seed: number): Kind {
  return (["ingest", "completion", "completion amid posts"] as const)[seed % 3] ?? "ingest";
}

/**
 * One `kill -9` and what must hold after it; resolves to what happened, in words.
 * @throws AssertionError when a promise of the service is broken.
 */
export async function playRound(seed: number): Promise<string> {
  const kind = kindOf(seed);
  await using server = await startServer();
  const rider = await registerRider(server);
  const { workout } = await rider.call<{ workout: Workout }>("POST", "/api/workouts", { streamName: STREAM });
  const ledger = new Ledger(rider, STREAM);
  const round: Round = { kind, server, ledger, workoutId: workout.id, random: numbersFrom(seed) };
  const fault = kind === "ingest" ? await killWhilePosting(round) : await killWhileCompleting(round);
  const acknowledged = samplesIn(ledger.acknowledged).length;
  const restart = await restartServer(round);
  const found = await checkAfterRestart(round, fault.completed);
  const end = await bringHome(round);
  equal(await server.signal("SIGTERM"), 0, "SIGTERM did not end the service with exit code 0");
  await checkIntegrity(server.directory);
  return `${acknowledged} samples acknowledged, ${fault.text}, ${restart}; ${found}; ${end}`;
}

async function killWhilePosting(round: Round): Promise<{ text: string; completed: boolean }> {
  const wait = round.random() * WINDOW.ingest;
  await Promise.all([postFromAllSides(round), killAfter(round, wait)]);
  return { text: `killed ${wait.toFixed(1)} ms into posting`, completed: false };
}

async function killWhileCompleting(round: Round): Promise<{ text: string; completed: boolean }> {
  const { kind, ledger, workoutId, random } = round;
  await ledger.post(1 + Math.floor(random() * LARGEST_RIDE), random() < 0.5 ? "json" : "ndjson");
  // Half of the kills are aimed at what comes between storing the ride and deleting its stream.
  const aimed = random() < 0.5;
  const wait = random() * (aimed ? DELETION_WINDOW : WINDOW[kind]);
  using databaseWritten = writesTo(join(round.server.directory, "bpt.db-wal"));
  const [completed] = await Promise.all([
    isAnswered(ledger.rider.call("POST", `/api/workouts/${workoutId}/complete`)),
    kind === "completion amid posts" && postFromAllSides(round),
    killAfter(round, wait, aimed ? databaseWritten.first : undefined),
  ]);
  const moment = aimed ? "after storing began" : "into completing";
  return {
    text: `killed ${wait.toFixed(1)} ms ${moment}${completed ? " and after the answer" : ""}`,
    completed,
  };
}

function writesTo(path: string): Disposable & { first: Promise<unknown> } {
  const watcher = watch(path);
  return { first: once(watcher, "change"), [Symbol.dispose]: () => watcher.close() };
}

function postFromAllSides({ ledger }: Round): Promise<unknown> {
  return Promise.all([
    ...Array.from({ length: 4 }, () => ledger.postUntilKilled(1, "single")),
    ledger.postUntilKilled(30, "json"),
    ledger.postUntilKilled(200, "ndjson"),
  ]);
}

async function killAfter({ server }: Round, milliseconds: number, event?: Promise<unknown>): Promise<void> {
  await event;
  await setTimeout(milliseconds);
  await server.kill9();
}

/** Now and then it is killed once more while it is starting. */
async function restartServer({ server, random }: Round): Promise<string> {
  const again = random() < 0.25;
  if (again) {
    const service = spawnService({ DATA_DIR: server.directory, PORT: "0" });
    await setTimeout(random() * START_WINDOW);
    service.kill("SIGKILL");
    await service.exited;
  }
  await server.restart();
  return again ? "again while starting" : "once";
}

/** Everything acknowledged is in the stream of the unfinished ride, or in the completed ride and what came after it. */
async function checkAfterRestart({ ledger, workoutId }: Round, completed: boolean): Promise<string> {
  const { rider, posts } = ledger;
  const { workout } = await rider.call<{ workout: Workout }>("GET", `/api/workouts/${workoutId}`);
  const messages = await readStream(rider, STREAM);
  if (workout.status === "COMPLETED") {
    const telemetry = await telemetryOf(rider, workout);
    const archived = new Set(telemetry.map(({ timestamp }) => timestamp));
    const later = samplesOf(messages).filter(({ timestamp }) => !archived.has(timestamp));
    checkKept([...telemetry, ...later], posts);
    const left = messages.length - later.length;
    return `found completed, ${left} archived messages still in the stream, ${later.length} later ones`;
  }
  ok(!completed, "the completion was acknowledged and is gone");
  equal(workout.status, "ACTIVE");
  checkIds(messages, ledger.acknowledged);
  checkKept(samplesOf(messages), posts);
  const { first } = await ledger.post(1, "single");
  const last = messages.at(-1)?.id;
  ok(last === undefined || compareMessageIds(first, last) > 0, "message ids start again");
  return `found unfinished with ${messages.length} messages`;
}

/** Whether the rider completes the ride first or the sweep finds it: in the end every sample is in one workout. */
async function bringHome({ kind, ledger, workoutId, random }: Round): Promise<string> {
  const { rider, posts } = ledger;
  const cleanUp = () => rider.call("DELETE", "/api/streams/cleanup?retention=0");
  const sweptFirst = random() < 0.5;
  if (sweptFirst) await cleanUp();
  await checkCompletion(rider, { id: workoutId });
  await cleanUp();
  await checkCompletion(rider, { id: workoutId });

  const { workouts } = await rider.call<{ workouts: Workout[] }>("GET", "/api/workouts?limit=100");
  const telemetry = await Promise.all(workouts.map((workout) => telemetryOf(rider, workout)));
  checkKept(telemetry.flat(), posts);
  const others = workouts.filter(({ id }) => id !== workoutId);
  if (kind !== "completion amid posts") deepStrictEqual(others, [], "a ride came home twice");
  const { streams } = await rider.call<{ streams: object[] }>("GET", "/api/streams");
  deepStrictEqual(streams, [], "a stream is left over");
  const how = sweptFirst ? "swept" : "completed";
  return `${how} with ${telemetry.flat().length} samples in ${workouts.length} workout(s)`;
}

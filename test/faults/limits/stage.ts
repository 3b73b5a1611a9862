import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@libsql/client";
import { $ } from "bun";
import type { Sample } from "../../../src/domain/sample.ts";
import { BUFFER_LIMITS, MAX_BATCH_MESSAGES } from "../../../src/limits.ts";
import { type Rider, registerRider } from "../../support/rider.ts";
import { type Program, startServer, type TestServer } from "../../support/server.ts";

/** A server with a rider, and what a scene needs to bring them to a bound. */
export interface Stage extends AsyncDisposable {
  server: TestServer;
  rider: Rider;
  /** Reads an answer to its end without keeping it. @throws Error unless it succeeds. */
  drain(path: string, init?: { method?: string; json?: unknown }): Promise<void>;
  /** Starts a workout; resolves to its id. */
  start(streamName: string): Promise<string>;
  /** Posts samples in batches as large as may be. */
  post(streamName: string, count: number, secondsApart: number): Promise<void>;
  /** Posts messages of about 100 kB, which are samples too. */
  postLarge(streamName: string, count: number): Promise<void>;
  /** Has the rider have a ride of an hour so many times, one a day, all in the past; the server is started anew. */
  copyRide(id: string, copies: number, status?: "COMPLETED" | "DELETED"): Promise<void>;
}

const ROOT = join(import.meta.dir, "../../..");
/** What riders run, as `build` makes it. */
const BINARY: Program = { command: [join(ROOT, `dist/bpt-linux-${process.arch}`)], cwd: tmpdir() };

export const LONGEST_STREAM = BUFFER_LIMITS.messages;
const FIRST = Date.UTC(2026, 0, 1);
const LARGE_BATCH = 20;

/** Makes the binary of this machine. @throws when that fails. */
export async function build(): Promise<void> {
  await $`${process.execPath} scripts/build.ts --arch ${process.arch}`.cwd(ROOT);
}

export async function openStage(): Promise<Stage> {
  const server = await startServer({ environment: { BACKUP_SCHEDULE: "off" }, program: BINARY });
  const rider = await registerRider(server);

  async function postAll(streamName: string, samples: Sample[]): Promise<void> {
    await rider.postBatch(streamName, samples, "ndjson");
  }

  return {
    server,
    rider,

    async drain(path, init = {}) {
      const response = await rider.request(path, init);
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
      for await (const _ of response.body ?? []);
    },

    async start(streamName) {
      const { workout } = await rider.call<{ workout: { id: string } }>("POST", "/api/workouts", {
        streamName,
      });
      return workout.id;
    },

    async post(streamName, count, secondsApart) {
      for (let from = 0; from < count; from += MAX_BATCH_MESSAGES) {
        const length = Math.min(MAX_BATCH_MESSAGES, count - from);
        await postAll(
          streamName,
          Array.from({ length }, (_, index) => sampleAt(from + index, secondsApart)),
        );
      }
    },

    async postLarge(streamName, count) {
      for (let from = 0; from < count; from += LARGE_BATCH) {
        const length = Math.min(LARGE_BATCH, count - from);
        await postAll(
          streamName,
          Array.from({ length }, (_, index) => ({ ...sampleAt(from + index, 1), note: "x".repeat(99_000) })),
        );
      }
    },

    async copyRide(id, copies, status = "COMPLETED") {
      await server.signal("SIGTERM");
      await copyRows(join(server.directory, "bpt.db"), { id, copies, status });
      await server.restart();
    },

    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** A sample as a sensor app posts it. */
function sampleAt(index: number, secondsApart: number): Sample {
  return {
    timestamp: FIRST + Math.round(index * secondsApart * 1000),
    power: 180 + Math.round(60 * Math.sin(index / 40)) + (index % 17),
    cadence: 85 + (index % 9),
    heartrate: 140 + (index % 23),
    speed: 30 + (index % 50) / 10,
    distance: Math.round(index * secondsApart * 84) / 10,
    altitude: Math.round(1000 + 400 * Math.sin(index / 300)) / 10,
  };
}

/** Straight in the file, where it takes seconds: what is asked of years of rides takes years of rides. */
async function copyRows(
  path: string,
  { id, copies, status }: { id: string; copies: number; status: string },
): Promise<void> {
  const client = createClient({ url: `file:${path}` });
  const { columns } = await client.execute("SELECT * FROM workouts LIMIT 0");
  const changed: Record<string, string> = {
    id: "made.id",
    title: "'Ride ' || made.day",
    description: "'Along the river and over the pass, day ' || made.day",
    status: `'${status}'`,
    start_time: "start_time - made.day * 86400000",
    end_time: "end_time - made.day * 86400000",
    deleted_at: status === "DELETED" ? "1" : "NULL",
    stream_name: "'ride-' || made.day",
  };
  const values = columns.map((name) => changed[name] ?? name).join(", ");
  await client.executeMultiple(`
    BEGIN;
    CREATE TEMP TABLE made AS SELECT lower(hex(randomblob(16))) AS id, value AS day FROM generate_series(1, ${copies});
    INSERT INTO workouts SELECT ${values} FROM workouts, made WHERE workouts.id = '${id}';
    INSERT INTO telemetry SELECT made.id, data FROM telemetry, made WHERE workout_id = '${id}';
    INSERT INTO best_efforts (workout_id, metric, duration, value, user_id, achieved_at)
      SELECT made.id, metric, duration, value - made.day * 0.001, user_id,
      achieved_at - made.day * 86400000 FROM best_efforts, made WHERE workout_id = '${id}';
    COMMIT;`);
  client.close();
}

import { expect, test } from "bun:test";
import { join } from "node:path";
import { createClient } from "@libsql/client";
import type { Sample } from "../../src/domain/sample.ts";
import type { Summary } from "../../src/domain/summary.ts";
import { compareMessageIds } from "../../src/streams/message-id.ts";
import { type Completed, type Posted, type Rider, registerRider, type Workout } from "../support/rider.ts";
import { loadEdge810, type RecordedRide } from "../support/rides.ts";
import { startServer } from "../support/server.ts";
import { takeAll } from "../support/sse.ts";

/** The largest telemetry may be stored, in bytes a sample. */
const LARGEST_SAMPLE = 7;

const edge810 = loadEdge810();
const name = "the Edge 810's ride, live and archived, on a real server";
if (edge810) test(name, () => replay(edge810), 30_000);
else test.skip(`${name} (skipped: ../shared/rides is missing)`, () => {});

async function replay({ samples, expected }: RecordedRide): Promise<void> {
  await using server = await startServer();
  const rider = await registerRider(server);
  using events = await rider.listen("edge810/listen");
  const listening = takeAll(events);
  const { workout } = await rider.call<{ workout: Workout }>("POST", "/api/workouts", {
    streamName: "edge810",
  });
  const path = `/api/workouts/${workout.id}`;

  const stored = await post(rider, "edge810", plan(samples));
  expectSummary(await rider.call("GET", `${path}/summary`), expected);
  const { archivedMessages } = await rider.call<Completed>("POST", `${path}/complete`);

  const heard = await listening;
  expect(heard[0]?.data).toEqual({ type: "connected", streamName: "edge810" });
  expect(heard.at(-1)?.data).toEqual({ type: "stream_deleted", streamName: "edge810" });
  const messages = heard.flatMap(({ id, data }) => (data.type === "message" ? [{ id, data }] : []));
  expect(messages.map(({ data }) => JSON.parse(data.data.message))).toEqual(stored);
  expect(messages.map(({ id }) => id)).toEqual(messages.map(({ data }) => data.id));
  expect(heard).toHaveLength(1 + samples.length + 1);

  expect(archivedMessages).toBe(samples.length);
  expectSummary(await rider.call("GET", `${path}/summary`), expected);
  await expectTelemetry(rider, `${path}/telemetry`, samples);

  expect(await server.signal("SIGTERM")).toBe(0);
  expect(await storedBytes(server.directory)).toBeLessThanOrEqual(LARGEST_SAMPLE * samples.length);
}

type Post = { samples: Sample[]; as: "text" | "object" | "json" | "ndjson" };

/** Steps one after another, the posts of each at once: in which order these arrive is left open. */
function plan(samples: readonly Sample[]): Post[][] {
  let next = 0;
  const post = (count: number, as: Post["as"]): Post => {
    const from = next;
    next += count;
    return { samples: samples.slice(from, next), as };
  };
  const steps: Post[][] = [];
  while (next < samples.length) {
    for (let pair = 0; pair < 20; pair++) steps.push([post(1, "text")], [post(1, "object")]);
    steps.push([post(40, "json")], [post(60, "ndjson")]);
    steps.push(Array.from({ length: 8 }, () => post(1, "text")));
    steps.push([post(20, "json"), post(20, "ndjson"), post(20, "json")]);
  }
  return steps.map((step) => step.filter((each) => each.samples.length > 0));
}

/** Resolves to the samples in the order in which the service says that it stored them. */
async function post(rider: Rider, streamName: string, steps: Post[][]): Promise<Sample[]> {
  const stored: Sample[] = [];
  for (const step of steps) {
    const posted = await Promise.all(
      step.map(async (each) => ({ ...each, id: await send(rider, streamName, each) })),
    );
    posted.sort((a, b) => compareMessageIds(a.id, b.id));
    stored.push(...posted.flatMap((each) => each.samples));
  }
  return stored;
}

/** Resolves to the id of the first message. */
async function send(rider: Rider, streamName: string, { samples, as }: Post): Promise<string> {
  if (as === "json" || as === "ndjson") {
    const { accepted, firstMessageId } = await rider.postBatch(streamName, samples, as);
    expect(accepted).toBe(samples.length);
    return firstMessageId;
  }
  const message = as === "text" ? JSON.stringify(samples[0]) : samples[0];
  return (await rider.call<Posted>("POST", `/api/streams/${streamName}/messages`, { message })).messageId;
}

function expectSummary({ summary }: { summary: Summary }, expected: RecordedRide["expected"]): void {
  // That curve is not part of the summary.
  const { heartrateCurve, ...stated } = expected;
  expect(summary).toMatchObject(stated);
  expect(summary.powerCurve as object).toEqual(stated.powerCurve);
  expect(summary.skippedMessages).toBe(0);
}

async function expectTelemetry(rider: Rider, path: string, sent: readonly Sample[]): Promise<void> {
  expect(await rider.call<Sample[]>("GET", path)).toEqual([...sent]);

  const lines = (await textOf(rider, `${path}?format=ndjson`)).trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toEqual([...sent]);

  const fields = new Set(sent.flatMap((sample) => Object.keys(sample)));
  const columns = Object.fromEntries(
    [...fields].map((field) => [field, sent.map((sample) => sample[field] ?? null)]),
  );
  expect(await rider.call<object>("GET", `${path}?format=columns`)).toEqual(columns);
  expect<object>(columnsOfCsv(await textOf(rider, `${path}?format=csv`))).toEqual(columns);
}

async function textOf(rider: Rider, path: string): Promise<string> {
  return (await rider.request(path)).text();
}

/** The columns of a table that holds only numbers. */
function columnsOfCsv(csv: string): Record<string, (number | null)[]> {
  const [header = [], ...rows] = csv
    .trimEnd()
    .split("\r\n")
    .map((line) => line.split(","));
  return Object.fromEntries(
    header.map((field, column) => [field, rows.map((row) => (row[column] ? Number(row[column]) : null))]),
  );
}

async function storedBytes(directory: string): Promise<number> {
  const client = createClient({ url: `file:${join(directory, "bpt.db")}` });
  const { rows } = await client.execute("SELECT length(data) AS bytes FROM telemetry");
  client.close();
  expect(rows).toHaveLength(1);
  return Number(rows[0]?.bytes);
}

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { useService } from "../../support/accounts.ts";
import { NDJSON, sendBatch } from "../streams/streams.ts";
import {
  change,
  complete,
  finishedRide,
  type Sample,
  startRide,
  telemetryOf,
  type Workout,
} from "./rides.ts";

const service = useService();

const START = 1_767_225_600_000;
const RIDE: Sample[] = [
  { timestamp: START, power: 200, cadence: 90, note: 'a "quoted", text' },
  { timestamp: START + 1000, power: 0, cadence: null },
  { timestamp: START + 2000, power: 250.5, gear: { front: 2 } },
];

async function inFormat(id: string, format: string): Promise<{ type: string; text: string }> {
  const response = await service.rider.request(`/api/workouts/${id}/telemetry?format=${format}`);
  expect(response.status).toBe(200);
  return { type: response.headers.get("Content-Type") ?? "", text: await response.text() };
}

async function unfinished(status: "ACTIVE" | "PAUSED"): Promise<string> {
  const { id, streamName } = await startRide(service.rider);
  await sendBatch(service.rider, streamName, [RIDE[1], "no sample", RIDE[0], RIDE[2], RIDE[0]]);
  if (status === "PAUSED") await change(service.rider, id, "pause");
  return id;
}

/** A workout with the same ride in each status. */
const BY_STATUS: Record<Workout["status"], () => Promise<string>> = {
  ACTIVE: () => unfinished("ACTIVE"),
  PAUSED: () => unfinished("PAUSED"),
  COMPLETED: async () => {
    const id = await unfinished("ACTIVE");
    await complete(service.rider, id);
    return id;
  },
  ARCHIVED: async () => {
    const id = await BY_STATUS.COMPLETED();
    await change(service.rider, id, "archive");
    return id;
  },
  DELETED: async () => {
    const id = await unfinished("ACTIVE");
    await service.rider.send("DELETE", `/api/workouts/${id}`);
    return id;
  },
};

describe.each(Object.entries(BY_STATUS))("of a workout that is %s", (status, make) => {
  test("it comes as json, which is the default", async () => {
    const id = await make();
    expect(await telemetryOf(service.rider, id)).toEqual(RIDE);
    const { type, text } = await inFormat(id, "json");
    expect(type).toStartWith("application/json");
    expect(JSON.parse(text)).toEqual(RIDE);
  });

  test("it comes as columns, one array a field", async () => {
    const { type, text } = await inFormat(await make(), "columns");
    expect(type).toStartWith("application/json");
    expect(JSON.parse(text)).toEqual({
      timestamp: [1_767_225_600_000, 1_767_225_601_000, 1_767_225_602_000],
      power: [200, 0, 250.5],
      cadence: [90, null, null],
      note: ['a "quoted", text', null, null],
      gear: [null, null, { front: 2 }],
    });
  });

  test("it comes as csv", async () => {
    const { type, text } = await inFormat(await make(), "csv");
    expect(type).toStartWith("text/csv");
    expect(text.replaceAll("\r\n", "\n").trimEnd().split("\n")).toEqual([
      "timestamp,power,cadence,note,gear",
      '1767225600000,200,90,"a ""quoted"", text",',
      "1767225601000,0,,,",
      '1767225602000,250.5,,,"{""front"":2}"',
    ]);
  });

  test("it comes as ndjson, one sample a line", async () => {
    const { type, text } = await inFormat(await make(), "ndjson");
    expect(type).toStartWith("application/x-ndjson");
    expect(text).toEndWith("\n");
    expect(
      text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as Sample),
    ).toEqual(RIDE);
  });

  test("it comes with the workout where that is asked for", async () => {
    const { rider } = service;
    const id = await make();
    const plain = await rider.ok<{ workout: Workout }>(`/api/workouts/${id}`);
    expect(plain.workout).toMatchObject({ id, status: status as Workout["status"] });
    expect(Object.keys(plain)).toEqual(["workout"]);
    expect(await rider.ok<object>(`/api/workouts/${id}?includeTelemetry=true`)).toEqual({
      ...plain,
      telemetry: RIDE,
    });
    expect(await rider.ok<object>(`/api/workouts/${id}?includeTelemetry=false`)).toEqual(plain);
  });
});

test("there may be none, in every format, before and after", async () => {
  const { rider } = service;
  const { id } = await startRide(rider);
  for (let round = 0; round < 2; round++) {
    expect(JSON.parse((await inFormat(id, "json")).text)).toEqual([]);
    for (const column of Object.values(JSON.parse((await inFormat(id, "columns")).text) as object)) {
      expect(column).toEqual([]);
    }
    expect((await inFormat(id, "csv")).text.trim().split("\n").length).toBeLessThanOrEqual(1);
    expect((await inFormat(id, "ndjson")).text).toBe("");
    await complete(rider, id);
  }
});

test.each(["xml", "JSON", "", "csv2"])("the format %p is none", async (format) => {
  const { id } = await finishedRide(service.rider, RIDE);
  expect(await service.rider.refused("GET", `/api/workouts/${id}/telemetry?format=${format}`)).toMatchObject({
    status: 400,
    code: "invalid_input",
    details: [{ field: "format" }],
  });
});

test.each(["yes", "1", ""])("?includeTelemetry=%s is refused, not guessed", async (value) => {
  const { id } = await finishedRide(service.rider, RIDE);
  const refusal = await service.rider.refused("GET", `/api/workouts/${id}?includeTelemetry=${value}`);
  expect(refusal).toMatchObject({ status: 400 });
});

describe("every value comes back as it was sent", () => {
  /** What the samples are after completion, and after archiving. */
  async function roundTrip(lines: readonly string[]): Promise<Sample[]> {
    const { rider } = service;
    const { id, streamName } = await startRide(rider);
    const path = `/api/streams/${streamName}/messages/batch`;
    await rider.ok(path, { method: "POST", body: lines.join("\n"), headers: NDJSON });
    const before = await telemetryOf(rider, id);
    await complete(rider, id);
    const after = await telemetryOf(rider, id);
    expect(after).toEqual(before);
    await change(rider, id, "archive");
    expect(await telemetryOf(rider, id)).toEqual(after);
    return after;
  }

  test.each([
    '"power":3001',
    '"power":-5',
    '"power":"200"',
    '"power":true',
    '"power":[1,2]',
    '"power":{"left":100,"right":101}',
    '"power":1e-300',
    '"power":0.1',
    '"power":9007199254740993',
    '"power":1.7976931348623157e308',
    '"heartrate":0',
    '"speed":199.999999',
    '"altitude":-499.5',
    '"distance":0.30000000000000004',
    '"":1',
    '"a b":1',
    '"a,b":1',
    '"ä🚴":"ö🚲"',
    '"toString":1',
    '"constructor":null',
    '"length":5',
    '"samples":[[]]',
    '"deep":{"a":[{"b":[null,{"c":""}]}]}',
    '"nul":"\\u0000"',
    '"lone":"\\ud800"',
    '"text":"=1+1"',
    `"long":"${"x".repeat(100)}"`,
  ])("%s", async (field) => {
    const lines = [
      `{"timestamp":${START + 1},${field}}`,
      `{"timestamp":${START + 2},"power":100}`,
      `{"timestamp":${START + 3},"cadence":90,${field}}`,
    ];
    expect(await roundTrip(lines)).toEqual(lines.map((line) => JSON.parse(line) as Sample));
  });

  test("a field named __proto__ is a field like others", async () => {
    const { rider } = service;
    const { id, streamName } = await startRide(rider);
    const body = `{"timestamp":${START},"__proto__":{"power":5}}\n{"timestamp":${START},"cadence":90}\n`;
    await rider.ok(`/api/streams/${streamName}/messages/batch`, { method: "POST", body, headers: NDJSON });
    await complete(rider, id);
    const { text } = await inFormat(id, "ndjson");
    expect(text).toContain('"__proto__":{"power":5}');
    expect(text).toContain('"cadence":90');
  });

  test("a text of 100,000 letters", async () => {
    const line = `{"timestamp":${START},"note":"${"x".repeat(100_000)}"}`;
    expect(await roundTrip([line])).toEqual([JSON.parse(line) as Sample]);
  });

  test("a hundred fields, different ones in each sample", async () => {
    const lines = Array.from({ length: 20 }, (_, row) =>
      JSON.stringify({
        timestamp: START + row,
        ...Object.fromEntries(
          Array.from({ length: 100 }, (_, field) => [`field${row * 50 + field}`, row + field / 7]),
        ),
      }),
    );
    expect(await roundTrip(lines)).toEqual(lines.map((line) => JSON.parse(line) as Sample));
  });

  test("any JSON object at all", async () => {
    const name = fc.string({ maxLength: 8 }).filter((text) => text !== "timestamp" && text !== "__proto__");
    const fields = fc.dictionary(name, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 6 });
    await fc.assert(
      fc.asyncProperty(fc.array(fields, { minLength: 1, maxLength: 12 }), async (samples) => {
        const lines = samples.map((sample, row) => JSON.stringify({ ...sample, timestamp: START + row }));
        expect(await roundTrip(lines)).toEqual(lines.map((line) => JSON.parse(line) as Sample));
      }),
      { numRuns: 40 },
    );
  });
});

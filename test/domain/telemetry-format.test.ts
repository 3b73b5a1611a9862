import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { PIECE } from "../../src/domain/portions.ts";
import { recordingOf, type SampleRecording } from "../../src/domain/recording.ts";
import type { Sample } from "../../src/domain/sample.ts";
import { toColumns, toCsv, toJson, toNdjson } from "../../src/domain/telemetry-format.ts";

type Format = (recording: SampleRecording) => AsyncGenerator<string, void, void>;

/** The whole text of some samples in a format. */
async function textOf(format: Format, samples: readonly Sample[]): Promise<string> {
  return (await Array.fromAsync(format(recordingOf(samples)))).join("");
}

async function columnsOf(samples: readonly Sample[]): Promise<Record<string, unknown[]>> {
  return JSON.parse(await textOf(toColumns, samples));
}

/** Rows of cells of an RFC 4180 text; every row ends with CRLF. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy)) {
    row.push(quoted?.replaceAll('""', '"') ?? plain ?? "");
    if (end === ",") continue;
    rows.push(row);
    row = [];
  }
  return rows;
}

const samples: Sample[] = [
  { lap: 1, heartrate: 120, power: 200, timestamp: 1000 },
  { timestamp: 2000, speed: 30.5, power: null, note: 'said "go", left' },
  { timestamp: 3000, power: -5, position: { lat: 48.1 }, gears: [2, 11], coasting: true },
];

/** Samples that each bring field names of their own. */
function crowded(count: number, perSample: number): Sample[] {
  return Array.from({ length: count }, (_, row): Sample => {
    const fields = Array.from({ length: perSample }, (_, index) => [
      `field${row * perSample + index}`,
      index,
    ]);
    return { ...Object.fromEntries(fields), power: row, timestamp: row };
  });
}

describe("toColumns", () => {
  test("one array per field, null where a sample lacks it", async () => {
    expect(await columnsOf(samples)).toEqual({
      timestamp: [1000, 2000, 3000],
      power: [200, null, -5],
      heartrate: [120, null, null],
      speed: [null, 30.5, null],
      lap: [1, null, null],
      note: [null, 'said "go", left', null],
      position: [null, null, { lat: 48.1 }],
      gears: [null, null, [2, 11]],
      coasting: [null, null, true],
    });
  });

  test("timestamp first, then the well-known fields, then the others as they appear", async () => {
    const names = [
      "timestamp",
      "power",
      "heartrate",
      "speed",
      "lap",
      "note",
      "position",
      "gears",
      "coasting",
    ];
    expect(Object.keys(await columnsOf(samples))).toEqual(names);
  });

  test("no samples", async () => {
    expect(await columnsOf([])).toEqual({ timestamp: [] });
  });

  test("names that every object inherits are fields like any other", async () => {
    const odd: Sample[] = [
      JSON.parse('{"timestamp":1,"__proto__":5,"constructor":6}'),
      { timestamp: 2, toString: 7 },
    ];
    expect(await textOf(toColumns, odd)).toBe(
      '{"timestamp":[1,2],"__proto__":[5,null],"constructor":[6,null],"toString":[null,7]}',
    );
  });

  test("has every value of any samples", async () => {
    const anyFields = fc.array(fc.tuple(fc.constantFrom("__proto__", "power", "a", "", "b"), fc.jsonValue()));
    const anySamples = fc.array(
      anyFields.map((fields): Sample => ({ ...Object.fromEntries(fields), timestamp: 1 })),
    );
    const property = fc.asyncProperty(anySamples, async (some) => {
      const columns = new Map(Object.entries(await columnsOf(some)));
      some.forEach((sample, row) => {
        for (const [name, cells] of columns) {
          // −0 is none in JSON.
          const cell = Object.hasOwn(sample, name) ? JSON.parse(JSON.stringify(sample[name])) : null;
          expect(cells[row]).toEqual(cell);
        }
        for (const name of Object.keys(sample)) expect(columns.has(name)).toBe(true);
      });
    });
    return fc.assert(property);
  });

  test("up to 55 other fields have columns of their own", async () => {
    const columns = await columnsOf(crowded(1, 55));
    expect(Object.keys(columns)).toHaveLength(57);
    expect(columns).not.toHaveProperty("extras");
  });

  test("more fields are gathered in the column extras", async () => {
    const columns = await columnsOf(crowded(3, 28));
    expect(Object.keys(columns)).toHaveLength(58);
    expect(columns.power).toEqual([0, 1, 2]);
    expect(columns.field54).toEqual([null, 26, null]);
    expect(columns.field55).toBeUndefined();
    expect(columns.extras?.slice(0, 2)).toEqual([null, { field55: 27 }]);
    expect(Object.keys(columns.extras?.[2] ?? {})).toHaveLength(28);
  });

  test("a field named extras is gathered in it when there is such a column", async () => {
    const columns = await columnsOf(crowded(1, 60).map((sample) => ({ extras: "mine", ...sample })));
    expect(columns.extras?.[0]).toMatchObject({ extras: "mine", field59: 59 });
    expect((await columnsOf([{ timestamp: 1, extras: "mine" }])).extras).toEqual(["mine"]);
  });

  test("a ride whose every sample brings 100 new fields makes a bounded table", async () => {
    const columns = await columnsOf(crowded(14_400, 100));
    expect(Object.keys(columns)).toHaveLength(58);
    expect(columns.extras).toHaveLength(14_400);
  }, 60_000);
});

describe("toCsv", () => {
  test("has a header row, and empty cells for null and absent", async () => {
    expect(await textOf(toCsv, samples)).toBe(
      [
        "timestamp,power,heartrate,speed,lap,note,position,gears,coasting\r\n",
        "1000,200,120,,1,,,,\r\n",
        '2000,,,30.5,,"said ""go"", left",,,\r\n',
        '3000,-5,,,,,"{""lat"":48.1}","[2,11]",true\r\n',
      ].join(""),
    );
  });

  test("no samples leave the header", async () => {
    expect(await textOf(toCsv, [])).toBe("timestamp\r\n");
  });

  test.each([
    ["=1+1", "'=1+1"],
    ["+1", "'+1"],
    ["-1", "'-1"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["\tx", "'\tx"],
    ["\rx", "'\rx"],
    ["\nx", "'\nx"],
    ["\0x", "'\0x"],
    ["\uFF1D1+1", "'\uFF1D1+1"],
    ["\uFF0B1", "'\uFF0B1"],
    ["\uFF0D1", "'\uFF0D1"],
    ["\uFF20SUM(A1)", "'\uFF20SUM(A1)"],
    ["x;=1+1", "x;'=1+1"],
    ["x|+1;-1", "x|'+1;'-1"],
    ["x\t@A1", "x\t'@A1"],
    ["x\r\n=1", "x\r\n'=1"],
    ["  =1", "'  =1"],
    ["\u3000=1", "'\u3000=1"],
    [`"=1`, `'"=1`],
    [`x"; "=1"`, `x";' "=1"`],
    ["\t=1", "'\t'=1"],
  ])("the text %j becomes %j, as a field's name too", async (text, expected) => {
    expect(parseCsv(await textOf(toCsv, [{ timestamp: 1, note: text }]))).toEqual([
      ["timestamp", "note"],
      ["1", expected],
    ]);
    expect(parseCsv(await textOf(toCsv, [{ timestamp: 1, [text]: 2 }]))).toEqual([
      ["timestamp", expected],
      ["1", "2"],
    ]);
  });

  test("in objects too, which stay JSON", async () => {
    const [, row] = parseCsv(
      await textOf(toCsv, [{ timestamp: 1, note: { text: "x;=1+1", numbers: [1, -2] } }]),
    );
    expect(JSON.parse(row?.[1] ?? "")).toEqual({ text: "x;'=1+1", numbers: [1, -2] });
  });

  test("no cell of any spreadsheet begins as a formula does", () => {
    const text = fc.string({ unit: fc.constantFrom(..."=+-@\uFF1D\uFF0B\uFF0D\uFF20;|\t\r\n\0 \"',ab1") });
    return fc.assert(
      fc.asyncProperty(text, text, async (name, note) => {
        const [header, row] = parseCsv(await textOf(toCsv, [{ timestamp: -1, [`${name}x`]: note }]));
        for (const cell of [header?.[1] ?? "", row?.[1] ?? ""]) {
          for (const part of [cell, ...cell.split(/[;|\t\r\n]/)]) {
            expect(part).not.toMatch(/^(?:[^\S\t\r\n]|")*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]/);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("100 KB of what could begin a formula are looked at once", async () => {
    const began = performance.now();
    for (const text of ["\t", " ", ";", "; ", `"`, "\r\n"])
      await textOf(toCsv, [{ timestamp: 1, note: text.repeat(50_000) }]);
    expect(performance.now() - began).toBeLessThan(1000);
  });

  test("negative numbers and text with an operator inside stay as they are", async () => {
    expect(await textOf(toCsv, [{ timestamp: -1, power: -2.5e-7, note: "a=b" }])).toBe(
      "timestamp,power,note\r\n-1,-2.5e-7,a=b\r\n",
    );
  });

  test("any text can be read back", async () => {
    const quoted = (part: string) => (/^[ "']*=/.test(part) ? `'${part}` : part);
    const defused = (note: string) =>
      note
        .split(/(?<=[;\r\n])/)
        .map(quoted)
        .join("")
        .replace(/^[\r\n]/, "'$&");
    const property = fc.asyncProperty(
      fc.array(fc.string({ unit: fc.constantFrom(..."ab \",\r\n;'=é") })),
      async (notes) => {
        const rows = parseCsv(
          await textOf(
            toCsv,
            notes.map((note, timestamp) => ({ timestamp, power: 1, note })),
          ),
        );
        const read = rows.slice(1).map(([, , note]) => note);
        expect(read).toEqual(notes.map(defused));
      },
    );
    return fc.assert(property);
  });

  test("fields beyond the bound are JSON text in the column extras", async () => {
    const [header, , , last] = parseCsv(await textOf(toCsv, crowded(3, 28)));
    expect(header?.at(-1)).toBe("extras");
    expect(JSON.parse(last?.at(-1) ?? "")).toMatchObject({ field56: 0, field83: 27 });
  });
});

describe("toJson", () => {
  test("is one array of the samples", async () => {
    expect(JSON.parse(await textOf(toJson, samples))).toEqual(samples);
    expect(await textOf(toJson, [{ timestamp: 1 }, { timestamp: 2 }])).toBe(
      '[{"timestamp":1},{"timestamp":2}]',
    );
  });

  test("no samples", async () => {
    expect(await textOf(toJson, [])).toBe("[]");
  });
});

describe("a ride of several pieces", () => {
  const long: Sample[] = Array.from({ length: 2 * PIECE.samples + 3 }, (_, second) => ({
    timestamp: second,
    power: second % 700,
    ...(second > PIECE.samples ? { late: `"${second}"` } : {}),
  }));
  const late = (second: number) => (second > PIECE.samples ? `"${second}"` : null);

  test("is the same as one of a single piece in every format", async () => {
    expect(JSON.parse(await textOf(toJson, long))).toEqual(long);
    const lines = (await textOf(toNdjson, long)).trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(long);
    expect(await columnsOf(long)).toEqual({
      timestamp: long.map(({ timestamp }) => timestamp),
      power: long.map(({ power }) => power),
      late: long.map((_, second) => late(second)),
    });
    const rows = parseCsv(await textOf(toCsv, long));
    expect(rows).toEqual([
      ["timestamp", "power", "late"],
      ...long.map(({ power }, second) => [String(second), String(power), late(second) ?? ""]),
    ]);
  });

  test("is never there as one text", async () => {
    for (const format of [toJson, toNdjson, toCsv, toColumns]) {
      const pieces = await Array.fromAsync(format(recordingOf(long)));
      expect(pieces.length).toBeGreaterThanOrEqual(3);
    }
  });

  test("has columns that are looked for in more than one go when there is too much text to wait", async () => {
    // Each of 56 columns has half a million characters, mostly "null,": 8 million wait, those of 16 columns.
    const wide = Array.from(
      { length: 100_000 },
      (_, row): Sample => ({ timestamp: row, [`field${row % 55}`]: row }),
    );
    let looks = 0;
    const recording = recordingOf(wide);
    const counted: SampleRecording = {
      ...recording,
      samples() {
        looks += 1;
        return recording.samples();
      },
    };
    const columns = JSON.parse((await Array.fromAsync(toColumns(counted))).join(""));
    expect(looks).toBe(5); // once for the names, and of 56 columns about 17 at a time
    expect(Object.keys(columns)).toHaveLength(56);
    expect(columns.timestamp.at(-1)).toBe(99_999);
    expect(columns.field54.filter((value: number | null) => value !== null)).toHaveLength(1818);
  }, 30_000);

  test("has a column of large texts that does not wait in memory, and the columns behind it", async () => {
    const texts = Array.from({ length: 90 }, (_, row): Sample => {
      return { timestamp: row, note: "x".repeat(100_000 + row), lap: row % 3, power: row };
    });
    const columns = await columnsOf(texts);
    expect(Object.keys(columns)).toEqual(["timestamp", "power", "note", "lap"]);
    for (const [name, values] of Object.entries(columns))
      expect(values).toEqual(texts.map((text) => text[name]));
  });
});

describe("toNdjson", () => {
  test("one JSON text a line", async () => {
    expect(
      await textOf(toNdjson, [{ timestamp: 1, note: "a\nb" }, JSON.parse('{"timestamp":2,"__proto__":3}')]),
    ).toBe('{"timestamp":1,"note":"a\\nb"}\n{"timestamp":2,"__proto__":3}\n');
  });

  test("no samples", async () => {
    expect(await textOf(toNdjson, [])).toBe("");
  });
});

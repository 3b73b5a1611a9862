import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Sample } from "../../src/domain/sample.ts";
import { toColumns, toCsv, toNdjson } from "../../src/domain/telemetry-format.ts";

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
  test("one array per field, null where a sample lacks it", () => {
    expect(toColumns(samples)).toEqual({
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

  test("timestamp first, then the well-known fields, then the others as they appear", () => {
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
    expect(Object.keys(toColumns(samples))).toEqual(names);
  });

  test("no samples", () => {
    expect(toColumns([])).toEqual({ timestamp: [] });
  });

  test("names that every object inherits are fields like any other", () => {
    const odd: Sample[] = [
      JSON.parse('{"timestamp":1,"__proto__":5,"constructor":6}'),
      { timestamp: 2, toString: 7 },
    ];
    expect(JSON.stringify(toColumns(odd))).toBe(
      '{"timestamp":[1,2],"__proto__":[5,null],"constructor":[6,null],"toString":[null,7]}',
    );
  });

  test("has every value of any samples", () => {
    const anyFields = fc.array(fc.tuple(fc.constantFrom("__proto__", "power", "a", "", "b"), fc.jsonValue()));
    const anySamples = fc.array(
      anyFields.map((fields): Sample => ({ ...Object.fromEntries(fields), timestamp: 1 })),
    );
    const property = fc.property(anySamples, (some) => {
      const columns = new Map(Object.entries(toColumns(some)));
      some.forEach((sample, row) => {
        for (const [name, cells] of columns) {
          expect(cells[row]).toEqual(Object.hasOwn(sample, name) ? sample[name] : null);
        }
        for (const name of Object.keys(sample)) expect(columns.has(name)).toBe(true);
      });
    });
    fc.assert(property);
  });

  test("up to 55 other fields have columns of their own", () => {
    const columns = toColumns(crowded(1, 55));
    expect(Object.keys(columns)).toHaveLength(57);
    expect(columns).not.toHaveProperty("extras");
  });

  test("more fields are gathered in the column extras", () => {
    const columns = toColumns(crowded(3, 28));
    expect(Object.keys(columns)).toHaveLength(58);
    expect(columns.power).toEqual([0, 1, 2]);
    expect(columns.field54).toEqual([null, 26, null]);
    expect(columns.field55).toBeUndefined();
    expect(columns.extras?.slice(0, 2)).toEqual([null, { field55: 27 }]);
    expect(Object.keys(columns.extras?.[2] ?? {})).toHaveLength(28);
  });

  test("a field named extras is gathered in it when there is such a column", () => {
    const columns = toColumns(crowded(1, 60).map((sample) => ({ extras: "mine", ...sample })));
    expect(columns.extras?.[0]).toMatchObject({ extras: "mine", field59: 59 });
    expect(toColumns([{ timestamp: 1, extras: "mine" }]).extras).toEqual(["mine"]);
  });

  test("a ride whose every sample brings 100 new fields makes a bounded table", () => {
    const columns = toColumns(crowded(14_400, 100));
    expect(Object.keys(columns)).toHaveLength(58);
    expect(columns.extras).toHaveLength(14_400);
  }, 60_000);
});

describe("toCsv", () => {
  test("has a header row, and empty cells for null and absent", () => {
    expect(toCsv(samples)).toBe(
      [
        "timestamp,power,heartrate,speed,lap,note,position,gears,coasting\r\n",
        "1000,200,120,,1,,,,\r\n",
        '2000,,,30.5,,"said ""go"", left",,,\r\n',
        '3000,-5,,,,,"{""lat"":48.1}","[2,11]",true\r\n',
      ].join(""),
    );
  });

  test("no samples leave the header", () => {
    expect(toCsv([])).toBe("timestamp\r\n");
  });

  test.each(["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx"])(
    "the text %j gets a quote in front",
    (text) => {
      expect(parseCsv(toCsv([{ timestamp: 1, note: text }]))).toEqual([
        ["timestamp", "note"],
        ["1", `'${text}`],
      ]);
      expect(parseCsv(toCsv([{ timestamp: 1, [text]: 2 }]))).toEqual([
        ["timestamp", `'${text}`],
        ["1", "2"],
      ]);
    },
  );

  test("negative numbers and text with an operator inside stay as they are", () => {
    expect(toCsv([{ timestamp: -1, power: -2.5e-7, note: "a=b" }])).toBe(
      "timestamp,power,note\r\n-1,-2.5e-7,a=b\r\n",
    );
  });

  test("any text can be read back", () => {
    const property = fc.property(
      fc.array(fc.string({ unit: fc.constantFrom(..."ab \",\r\n;'=é") })),
      (notes) => {
        const rows = parseCsv(toCsv(notes.map((note, timestamp) => ({ timestamp, power: 1, note }))));
        const read = rows.slice(1).map(([, , note]) => note);
        expect(read).toEqual(notes.map((note) => note.replace(/^[=\r\n]/, "'$&")));
      },
    );
    fc.assert(property);
  });

  test("fields beyond the bound are JSON text in the column extras", () => {
    const [header, , , last] = parseCsv(toCsv(crowded(3, 28)));
    expect(header?.at(-1)).toBe("extras");
    expect(JSON.parse(last?.at(-1) ?? "")).toMatchObject({ field56: 0, field83: 27 });
  });
});

describe("toNdjson", () => {
  test("one JSON text a line", () => {
    expect(toNdjson([{ timestamp: 1, note: "a\nb" }, JSON.parse('{"timestamp":2,"__proto__":3}')])).toBe(
      '{"timestamp":1,"note":"a\\nb"}\n{"timestamp":2,"__proto__":3}\n',
    );
  });

  test("no samples", () => {
    expect(toNdjson([])).toBe("");
  });
});

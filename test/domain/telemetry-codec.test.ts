import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import fc from "fast-check";
import { BOUNDS } from "../../src/domain/column.ts";
import { PIECE } from "../../src/domain/portions.ts";
import { recordingOf } from "../../src/domain/recording.ts";
import type { Sample } from "../../src/domain/sample.ts";
import {
  BLOCK,
  type Compression,
  decodeTelemetry,
  encodeTelemetry,
  isTelemetrySound,
  openTelemetry,
  recompressTelemetry,
  TelemetryError,
  TelemetryWriter,
} from "../../src/domain/telemetry-codec.ts";
import { readLines } from "../../src/domain/telemetry-lines.ts";
import { anyNumber, anyRide, identical } from "./any-samples.ts";

const RIDE = join(import.meta.dir, "../../../shared/rides/edge810.ndjson");
const FIXTURES = join(import.meta.dir, "../fixtures");

async function expectRoundTrip(samples: Sample[], compression: Compression): Promise<Uint8Array> {
  const encoded = await encodeTelemetry(samples, compression);
  expect(identical(await decodeTelemetry(encoded), samples)).toBe(true);
  return encoded;
}

/** The code of the TelemetryError that decoding ends in; null if it does not fail. */
function failureOf(bytes: Uint8Array): Promise<string | null> {
  return decodeTelemetry(bytes).then(
    () => null,
    (error: unknown) => {
      if (error instanceof TelemetryError) return error.code;
      throw error;
    },
  );
}

/** A file of version 1 around any payload, as a forger would make it. */
function forge(payload: Uint8Array): Uint8Array {
  const frame = zstdCompressSync(payload);
  const start = Buffer.alloc(5, 1);
  start.writeUInt32LE(crc32(frame), 1);
  return Buffer.concat([start, frame]);
}

/** A file of version 2 of any payloads, that says to have so many samples in so many blocks. */
function forgeBlocks(samples: number, blocks: number, ...payloads: Uint8Array[]): Uint8Array {
  const header = Buffer.alloc(13, 2);
  header.writeUInt32LE(samples, 1);
  header.writeUInt32LE(blocks, 5);
  header.writeUInt32LE(crc32(header.subarray(0, 9)), 9);
  const parts = payloads.flatMap((payload) => {
    const frame = zstdCompressSync(payload);
    const start = Buffer.alloc(8);
    start.writeUInt32LE(frame.length, 0);
    start.writeUInt32LE(crc32(frame), 4);
    return [start, frame];
  });
  return Buffer.concat([header, ...parts]);
}

function payloadOf(header: unknown, ...sections: (string | number[])[]): Uint8Array {
  const head = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  return Buffer.concat([length, head, ...sections.map((section) => Buffer.from(section as string))]);
}

function forgeParts(header: { samples: unknown; columns: unknown }, ...sections: (string | number[])[]) {
  return forge(payloadOf(header, ...sections));
}

describe("round trip", () => {
  test("any samples come back exactly, at both compressions and after recompressing", async () => {
    const property = fc.asyncProperty(anyRide, async (samples) => {
      const fast = await expectRoundTrip(samples, "fast");
      const small = await expectRoundTrip(samples, "small");
      expect(identical(await decodeTelemetry(await recompressTelemetry(fast, "small")), samples)).toBe(true);
      expect(identical(await decodeTelemetry(await recompressTelemetry(small, "fast")), samples)).toBe(true);
    });
    await fc.assert(property, { numRuns: 200 });
  });

  test("any column of numbers comes back exactly", async () => {
    const anyColumn = fc.oneof(
      fc.array(anyNumber),
      fc.array(fc.maxSafeInteger()),
      fc.tuple(fc.integer({ min: 0, max: 12 }), fc.array(fc.integer())).map(([places, integers]) => {
        return integers.map((integer) => integer / 10 ** places);
      }),
    );
    const property = fc.asyncProperty(anyColumn, async (numbers) => {
      await expectRoundTrip(
        numbers.map((value, second) => ({ timestamp: 1_700_000_000_000 + 1000 * second, value })),
        "fast",
      );
    });
    await fc.assert(property, { numRuns: 300 });
  });

  test("no samples", async () => {
    await expectRoundTrip([], "fast");
  });

  test("null, absent, late and vanishing fields stay apart", async () => {
    const samples: Sample[] = [
      { timestamp: 1, power: null },
      { timestamp: 2, speed: 3.6 },
      { timestamp: 3, power: 200, speed: null },
      { timestamp: 4, power: "broken", note: "late" },
    ];
    await expectRoundTrip(samples, "fast");
  });

  test("a field named __proto__ stays a field and sets no prototype", async () => {
    const numeric: Sample = JSON.parse('{"timestamp":1,"__proto__":5}');
    const nested: Sample = JSON.parse('{"timestamp":2,"__proto__":{"timestamp":7,"__proto__":null}}');
    const decoded = await decodeTelemetry(await expectRoundTrip([numeric, nested], "fast"));
    for (const sample of decoded) expect(Object.getPrototypeOf(sample)).toBe(Object.prototype);
  });

  test("specials come back in columns, in fields without a column and nested", async () => {
    const specials = [-0, Infinity, -Infinity, 5e-324, 1.7976931348623157e308, 0.1 + 0.2, 2 ** 53];
    const crowd = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`field${index}`, index]));
    const samples = specials.map((value) => ({
      timestamp: 1,
      value,
      ...crowd,
      field99: value,
      nested: [{ value }],
    }));
    await expectRoundTrip(samples, "fast");
  });

  test("a number that the scale of a later one would round is kept", async () => {
    const [value, finer] = [39599181.9972617, 0.12345678];
    expect(Math.round(value * 1e8) / 1e8).not.toBe(value);
    await expectRoundTrip(
      [value, finer].map((speed) => ({ timestamp: 1, speed })),
      "fast",
    );
  });

  test("a ride whose every sample brings 100 new fields", async () => {
    const samples = Array.from({ length: 14_400 }, (_, row): Sample => {
      const fields = Array.from({ length: 100 }, (_, index) => [`${row}-${index}`, index / 10]);
      return { timestamp: row, ...Object.fromEntries(fields) };
    });
    await expectRoundTrip(samples, "fast");
  }, 60_000);

  test("a ride of 400,000 samples", async () => {
    const samples = Array.from({ length: 400_000 }, (_, second): Sample => {
      return {
        timestamp: 1_700_000_000_000 + 1000 * second,
        power: (second * 7919) % 1000,
        distance: second / 100,
      };
    });
    await expectRoundTrip(samples, "fast");
  }, 60_000);

  test("more samples than can be kept are refused", async () => {
    const samples = new Array<Sample>(4_000_001).fill({ timestamp: 0 });
    await expect(encodeTelemetry(samples, "fast")).rejects.toMatchObject({ code: "telemetry_too_large" });
  });
});

describe("size", () => {
  test.skipIf(!existsSync(RIDE))(
    "the ride edge810 (skipped where it is not to be had) takes at most 7 bytes a sample",
    async () => {
      const lines = readFileSync(RIDE, "utf8").trim().split("\n");
      const samples = lines.map((line): Sample => JSON.parse(line));
      const fast = await expectRoundTrip(samples, "fast");
      expect(fast.length / samples.length).toBeLessThanOrEqual(7);
      const small = await recompressTelemetry(fast, "small");
      expect(small.length).toBeLessThan(fast.length);
      expect(identical(await decodeTelemetry(small), samples)).toBe(true);
    },
  );
});

describe("stored bytes", () => {
  const samples: Sample[] = [
    { timestamp: 1_700_000_000_000, power: 200, speed: 30.25, ratio: 0.1 + 0.2 },
    { timestamp: 1_700_000_001_000, power: null, speed: 30, ratio: -0, note: "früh" },
    { timestamp: 1_700_000_002_000, speed: 29.75, ratio: Infinity },
  ];

  test("version 1, as it was written when it was new, still decodes", async () => {
    const stored = Buffer.from(
      "ATkP3AYotS/9YDkAxQUAAgolK4CnzQHTEThSXE2yOswxvRB1g917S3tOF5RmnyZE59nfv2/bKkgROYr7b1OOcxauy5HBwQSoETLVBAgwFp7A/Ik/UZSCY+CG4z/8yU/wIyBIVVW/zl04Z2GUapsLA3VLuiizpyjXVTCOKiRNvBCM27WHzm48C3mxfK3SflJlxv0aZKphTOGzLj68GMa0nXyNMvVfIQ0AChtaCZepLl/GaAQoCj4DhQBcgcFAIqjiGlaFnRsUFA==",
      "base64",
    );
    expect(identical(await decodeTelemetry(stored), samples)).toBe(true);
  });

  test.each(["fast", "small"])(
    "a ride that version 1 stored %s comes back, and anew in version 1",
    async (how) => {
      const stored = readFileSync(join(FIXTURES, `telemetry-version-1-${how}.bin`));
      const lines = readFileSync(join(FIXTURES, "telemetry-version-1.ndjson"));
      const pieces = await Array.fromAsync(
        readLines(
          (async function* () {
            yield lines;
          })(),
        ),
      );
      const ride = pieces.flat();
      expect(ride).toHaveLength(240);
      expect(isTelemetrySound(stored)).toBe(true);
      expect(identical(await decodeTelemetry(stored), ride)).toBe(true);
      const telemetry = await openTelemetry(stored);
      expect(telemetry).toHaveLength(240);
      const memory = recordingOf(ride);
      expect(await telemetry.timestamps()).toEqual(await memory.timestamps());
      for (const [field, bounds] of Object.entries(BOUNDS)) {
        // Power came after 64 other fields, and so was no column of it.
        expect([...(await telemetry.column(field, bounds))]).toEqual([
          ...(await memory.column(field, bounds)),
        ]);
      }
      const recompressed = await recompressTelemetry(stored, "small");
      expect(recompressed[0]).toBe(2);
      expect(identical(await decodeTelemetry(recompressed), ride)).toBe(true);
    },
  );

  test("a view into a larger buffer decodes", async () => {
    const encoded = await encodeTelemetry(samples, "fast");
    const larger = new Uint8Array(encoded.length + 14).fill(255);
    larger.set(encoded, 7);
    const view = larger.subarray(7, 7 + encoded.length);
    expect(identical(await decodeTelemetry(view), samples)).toBe(true);
  });

  test("an unknown version is refused as such", async () => {
    const encoded = await encodeTelemetry(samples, "fast");
    expect(encoded[0]).toBe(2);
    encoded[0] = 3;
    expect(await failureOf(encoded)).toBe("telemetry_version_unknown");
    expect(isTelemetrySound(encoded)).toBe(false);
    await expect(recompressTelemetry(encoded, "small")).rejects.toBeInstanceOf(TelemetryError);
  });

  test("bytes cut short or too many are refused", async () => {
    const encoded = await encodeTelemetry(samples, "fast");
    for (let length = 0; length < encoded.length; length++) {
      expect(await failureOf(encoded.subarray(0, length))).toBe("telemetry_damaged");
      expect(isTelemetrySound(encoded.subarray(0, length))).toBe(false);
    }
    expect(isTelemetrySound(encoded)).toBe(true);
    const longer = Buffer.concat([encoded, Buffer.alloc(1)]);
    expect(await failureOf(longer)).toBe("telemetry_damaged");
    expect(isTelemetrySound(longer)).toBe(false);
  });

  test("each flipped bit is noticed", async () => {
    const encoded = await encodeTelemetry(samples, "fast");
    for (let bit = 0; bit < encoded.length * 8; bit++) {
      const flipped = encoded.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      expect(await failureOf(flipped)).not.toBeNull();
      expect(isTelemetrySound(flipped)).toBe(false);
    }
  });
});

describe("blocks", () => {
  const rideOf = (count: number): Sample[] =>
    Array.from({ length: count }, (_, second) => ({
      timestamp: 1_700_000_000_000 + 1000 * second,
      power: (second * 7919) % 1000,
      ...(second % 3 === 0 ? { heartrate: second % 5 === 0 ? null : 140 } : {}),
      ...(second % 10_000 === 0 ? { note: `at ${second}` } : {}),
    }));

  test.each([
    [0, 0],
    [1, 1],
    [BLOCK.samples - 1, 1],
    [BLOCK.samples, 1],
    [BLOCK.samples + 1, 2],
    [2 * BLOCK.samples, 2],
    [2 * BLOCK.samples + PIECE.samples + 1, 3],
  ])(
    "%p samples are in %p blocks, and come back",
    async (count, blocks) => {
      const ride = rideOf(count);
      const encoded = await expectRoundTrip(ride, "fast");
      const header = Buffer.from(encoded);
      expect([header.readUInt8(0), header.readUInt32LE(1), header.readUInt32LE(5)]).toEqual([
        2,
        count,
        blocks,
      ]);
      const telemetry = await openTelemetry(encoded);
      expect(telemetry).toHaveLength(count);
      const memory = recordingOf(ride);
      expect(await telemetry.timestamps()).toEqual(await memory.timestamps());
      expect([...(await telemetry.column("heartrate", [20, 250]))]).toEqual([
        ...(await memory.column("heartrate", [20, 250])),
      ]);
      // Not more at a time than promised, and twice the same.
      const pieces = await Array.fromAsync(telemetry.samples());
      expect(pieces.every(({ length }) => length <= PIECE.samples)).toBe(true);
      expect(identical(pieces.flat(), (await Array.fromAsync(telemetry.samples())).flat())).toBe(true);
      const small = await recompressTelemetry(encoded, "small");
      expect(identical(await decodeTelemetry(small), ride)).toBe(true);
    },
    30_000,
  );

  test("a writer makes blocks of whatever it is handed, and what all have in common is told of each", async () => {
    const ride = rideOf(10);
    const writer = new TelemetryWriter("fast");
    for (const [from, to] of [
      [0, 1],
      [1, 7],
      [7, 10],
    ])
      await writer.add(ride.slice(from, to));
    const bytes = writer.finish();
    expect(Buffer.from(bytes).readUInt32LE(5)).toBe(3);
    expect(identical(await decodeTelemetry(bytes), ride)).toBe(true);
    expect(isTelemetrySound(bytes)).toBe(true);
  });

  test("three blocks cut short anywhere, or with any bit flipped, are not taken for a ride", async () => {
    const writer = new TelemetryWriter("fast");
    for (const sample of rideOf(3)) await writer.add([sample]);
    const bytes = writer.finish();
    for (let length = 0; length < bytes.length; length++) {
      expect(await failureOf(bytes.subarray(0, length))).toBe("telemetry_damaged");
    }
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      expect(await failureOf(flipped)).not.toBeNull();
      expect(isTelemetrySound(flipped)).toBe(false);
    }
  });

  test("a block that is damaged fails where it is read, by samples and by columns", async () => {
    const ride = rideOf(2 * BLOCK.samples);
    const bytes = Buffer.from(await encodeTelemetry(ride, "fast"));
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 5) ^ 1, bytes.length - 5);
    expect(isTelemetrySound(bytes)).toBe(false);
    const telemetry = await openTelemetry(bytes);
    let read = 0;
    const readAll = async () => {
      for await (const piece of telemetry.samples()) read += piece.length;
    };
    await expect(readAll()).rejects.toMatchObject({ code: "telemetry_damaged" });
    expect(read).toBe(BLOCK.samples);
    await expect(telemetry.timestamps()).rejects.toMatchObject({ code: "telemetry_damaged" });
    await expect(telemetry.column("power", BOUNDS.power)).rejects.toMatchObject({
      code: "telemetry_damaged",
    });
    await expect(recompressTelemetry(bytes, "small")).rejects.toMatchObject({ code: "telemetry_damaged" });
  });

  const one = payloadOf(
    { samples: 1, columns: [{ name: "timestamp", numbers: 1, scale: 0, width: 1 }] },
    [6],
  );

  test("the forgery that is none decodes", async () => {
    const samples = [{ timestamp: 3 }, { timestamp: 3 }];
    expect(identical(await decodeTelemetry(forgeBlocks(2, 2, one, one)), samples)).toBe(true);
  });

  test.each([
    ["fewer blocks than stated", forgeBlocks(2, 3, one, one)],
    ["more blocks than stated", forgeBlocks(2, 1, one, one)],
    ["billions of blocks", forgeBlocks(2, 2 ** 32 - 1, one, one)],
    ["fewer samples than stated", forgeBlocks(3, 2, one, one)],
    ["more samples than stated", forgeBlocks(1, 2, one, one)],
    ["samples and no blocks", forgeBlocks(1, 0)],
  ])("%s are refused", async (_name, bytes) => {
    expect(await failureOf(bytes)).toBe("telemetry_damaged");
    const timestamps = openTelemetry(bytes).then((telemetry) => telemetry.timestamps());
    await expect(timestamps).rejects.toMatchObject({ code: "telemetry_damaged" });
    await expect(recompressTelemetry(bytes, "fast")).rejects.toMatchObject({ code: "telemetry_damaged" });
  });

  test("more samples than can be is refused before there is room made for them", async () => {
    const bytes = forgeBlocks(2 ** 32 - 1, 1, one);
    const column = openTelemetry(bytes).then((telemetry) => telemetry.column("power", BOUNDS.power));
    await expect(column).rejects.toMatchObject({ code: "telemetry_damaged" });
  });
});

describe("columns", () => {
  test("a column is what the samples say: absent, null, text, out of bounds and beyond 64 others", async () => {
    const bounds = [0, 3000] as const;
    const names = ["power", "cadence", "heartrate", "sensor63", "sensor64", "__proto__", "toString"];
    const value = fc.oneof(
      { weight: 4, arbitrary: anyNumber },
      fc.constantFrom(null, "200", true, { a: 1 }, [200], -1, 3001, 0, 3000),
    );
    const sample = fc
      .record({
        crowd: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.constantFrom(63, 64, 65, 70)),
        fields: fc.array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 5 }),
      })
      .map(({ crowd, fields }): Sample => {
        const others = Array.from({ length: crowd }, (_, index) => [`sensor${index}`, index]);
        return { timestamp: crowd, ...Object.fromEntries([...others, ...fields]) };
      });
    const property = fc.asyncProperty(fc.array(sample, { maxLength: 20 }), async (samples) => {
      const writer = new TelemetryWriter("fast");
      for (let from = 0; from < samples.length; from += 7) await writer.add(samples.slice(from, from + 7));
      const telemetry = await openTelemetry(writer.finish());
      const memory = recordingOf(samples);
      for (const name of names) {
        expect([...(await telemetry.column(name, bounds))]).toEqual([...(await memory.column(name, bounds))]);
      }
      expect(await telemetry.timestamps()).toEqual(await memory.timestamps());
      expect(identical((await Array.fromAsync(telemetry.samples())).flat(), samples)).toBe(true);
    });
    await fc.assert(property, { numRuns: 200 });
  });

  test("what metrics are made of has a column of its own after however many others", async () => {
    const crowd = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`sensor${index}`, index]));
    const samples = [
      { timestamp: 1, ...crowd, power: 200, distance: 5 },
      { timestamp: 2, power: 210, distance: 9 },
    ];
    const bytes = await expectRoundTrip(samples, "fast");
    const frame = Buffer.from(bytes).subarray(21);
    const payload = zstdDecompressSync(frame);
    const { columns } = JSON.parse(payload.subarray(4, 4 + payload.readUInt32LE(0)).toString());
    const names = columns.map(({ name }: { name: string }) => name);
    expect(names).toEqual(expect.arrayContaining(["timestamp", "power", "distance"]));
    expect(names.length).toBeLessThanOrEqual(64);
  });
});

describe("forged bytes with a valid checksum", () => {
  const timestamp = { name: "timestamp", numbers: 2, scale: 0, width: 1 };

  test("the forgery that is none decodes", async () => {
    const bytes = forgeParts({ samples: 2, columns: [timestamp] }, [6, 3], '[null,{"a":-0}]');
    expect(identical(await decodeTelemetry(bytes), [{ timestamp: 3 }, { timestamp: 1, a: -0 }])).toBe(true);
  });

  test.each([
    [
      "a frame that is not zstd",
      Buffer.from([1, ...new Uint8Array(Uint32Array.of(crc32("plain")).buffer), ...Buffer.from("plain")]),
    ],
    ["an empty payload", forge(new Uint8Array())],
    ["a header longer than the payload", forge(new Uint8Array(20).fill(255))],
    ["a header that is not JSON", forge(Buffer.concat([Buffer.from([2, 0, 0, 0]), Buffer.from("{]")]))],
    ["a header of another shape", forgeParts({ samples: "2", columns: {} })],
    ["billions of samples", forgeParts({ samples: 2 ** 40, columns: [] })],
    ["samples and nothing of them", forgeParts({ samples: 3_000_000, columns: [] })],
    ["samples without a timestamp", forgeParts({ samples: 2, columns: [] })],
    ["a column that is too short", forgeParts({ samples: 2, columns: [timestamp] }, [6])],
    [
      "more numbers than bytes",
      forgeParts({ samples: 2, columns: [{ ...timestamp, numbers: 2 ** 52 }] }, [6, 3]),
    ],
    ["a negative count", forgeParts({ samples: 2, columns: [{ ...timestamp, numbers: -1 }] }, [6, 3])],
    ["a width without bytes", forgeParts({ samples: 2, columns: [{ ...timestamp, width: 0 }] }, [6, 3])],
    ["doubles of one byte", forgeParts({ samples: 2, columns: [{ ...timestamp, scale: null }] }, [6, 3])],
    [
      "presence and count that differ",
      forgeParts({ samples: 2, columns: [{ ...timestamp, numbers: 1 }] }, [1, 1, 6]),
    ],
    ["extras for other samples", forgeParts({ samples: 2, columns: [timestamp] }, [6, 3], "[null]")],
    ["extras that are not JSON", forgeParts({ samples: 2, columns: [timestamp] }, [6, 3, 0])],
    ["extras that are no array", forgeParts({ samples: 2, columns: [timestamp] }, [6, 3], '{"length":2}')],
  ])("%s is refused", async (_name, bytes) => {
    expect(await failureOf(bytes)).toBe("telemetry_damaged");
  });

  test("a decompression bomb is refused before its end", async () => {
    const bomb = forge(new Uint8Array(257 * 2 ** 20));
    await expect(recompressTelemetry(bomb, "fast")).rejects.toMatchObject({ code: "telemetry_damaged" });
  });

  test("any payload decodes or is refused", async () => {
    const property = fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (payload) => {
      await failureOf(forge(payload));
    });
    await fc.assert(property);
  });
});

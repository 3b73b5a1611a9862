import { describe, expect, test } from "bun:test";
import { readdir, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { createTarPacker } from "modern-tar";
import { type Content, readArchive, writeArchive } from "../src/archive.ts";
import { temporaryDirectory } from "./support/directory.ts";

/** More than any entry here has, in bytes. */
const LARGEST = 10_000_000;

type Files = Record<string, Uint8Array>;

async function inDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await temporaryDirectory();
  await work(directory.path).finally(directory.remove);
}

function write(path: string, entries: [name: string, content: Content][]): Promise<void> {
  return writeArchive(path, async (add) => {
    for (const [name, content] of entries) await add(name, content);
  });
}

async function read(path: string): Promise<Files> {
  const files: Files = {};
  for await (const entry of readArchive(path)) {
    files[entry.name] = await entry.bytes(LARGEST);
    expect(files[entry.name]?.byteLength).toBe(entry.size);
  }
  return files;
}

async function* pieces(bytes: Uint8Array, length: number) {
  for (let start = 0; start < bytes.byteLength; start += length) yield bytes.subarray(start, start + length);
}

const name = fc.stringMatching(/^[\w-]{1,60}(\/[\w@.-]{1,60}\.x){0,3}$/);
/** Nothing that gzip could make smaller: how an entry lies in the chunks that come out is then known. */
const NOISE = new Uint8Array(300_000);
for (let start = 0; start < NOISE.length; start += 60_000)
  crypto.getRandomValues(NOISE.subarray(start, start + 60_000));
const contents = fc.uint8Array({ maxLength: 3000 });

test("what was written is read back, however it was given", () =>
  inDirectory((directory) =>
    fc.assert(
      fc.asyncProperty(
        fc.dictionary(name, contents, { noNullPrototype: true }),
        fc.integer({ min: 1, max: 700 }),
        async (files, length) => {
          const path = join(directory, "archive");
          await writeArchive(path, async (add) => {
            for (const [index, [name, bytes]] of Object.entries(files).entries()) {
              if (index % 2 === 0) await add(name, bytes);
              else await add(name, { size: bytes.byteLength, chunks: pieces(bytes, length) });
            }
          });
          expect(await read(path)).toEqual(files);
          expect((await stat(path)).mode & 0o777).toBe(0o600);
        },
      ),
      { numRuns: 40 },
    ),
  ));

test("entries that nobody reads, or that are read in part, are passed over", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "archive");
    const large = new Uint8Array(3_000_000).map((_, index) => (index * index) % 251);
    await write(path, [
      ["a", large],
      ["b", large],
      ["c", new Uint8Array(0)],
      ["d", new Uint8Array([1, 2])],
    ]);
    const names: string[] = [];
    for await (const entry of readArchive(path)) {
      names.push(entry.name);
      if (entry.name === "b") for await (const _ of entry.chunks) break;
      if (entry.name === "d") expect(await entry.bytes(LARGEST)).toEqual(new Uint8Array([1, 2]));
    }
    expect(names).toEqual(["a", "b", "c", "d"]);
    for await (const _ of readArchive(path)) break;
  }));

type Taken = "nothing" | "some" | "all";
const EXAMPLES: [{ size: number; taken: Taken }[]][] = [500, 20_000, 40_000].flatMap((size) =>
  (["nothing", "some"] as const).map((taken): [{ size: number; taken: Taken }[]] => [
    [
      { size, taken },
      { size: 70_000, taken: "all" },
    ],
  ]),
);

test("whichever entries are passed over, the others are whole", () =>
  inDirectory((directory) =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            size: fc.oneof(fc.integer({ min: 0, max: 2000 }), fc.integer({ min: 0, max: 200_000 })),
            taken: fc.constantFrom<Taken[]>("nothing", "some", "all"),
          }),
          { maxLength: 6 },
        ),
        async (entries) => {
          const path = join(directory, "archive");
          const contentOf = (index: number) => NOISE.subarray(index, index + (entries[index]?.size ?? 0));
          await write(
            path,
            entries.map((_, index) => [`${index}`, contentOf(index)]),
          );
          let index = 0;
          for await (const entry of readArchive(path)) {
            const { taken } = entries[index] ?? {};
            if (taken === "all")
              expect(Bun.deepEquals(await entry.bytes(LARGEST), contentOf(index))).toBe(true);
            if (taken === "some") for await (const _ of entry.chunks) break;
            index += 1;
          }
          expect(index).toBe(entries.length);
        },
      ),
      { numRuns: 60, examples: EXAMPLES },
    ),
  ));

test("an archive cut off anywhere is refused", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "archive");
    await write(path, [
      ["a.txt", new Uint8Array(700).fill(7)],
      ["b.txt", crypto.getRandomValues(new Uint8Array(300))],
    ]);
    const { size } = await stat(path);
    for (let length = size - 1; length >= 0; length--) {
      await truncate(path, length);
      await expect(read(path)).rejects.toThrow(`${path} is damaged, not whole or no archive.`);
    }
  }));

test("of a file cut off long before its end, an entry says so itself", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "archive");
    await write(path, [["noise", crypto.getRandomValues(new Uint8Array(60_000))]]);
    await truncate(path, 30_000);
    const entries = readArchive(path);
    const { value: entry } = await entries.next();
    if (!entry) throw new Error("There is no entry.");
    await expect(entry.bytes(LARGEST)).rejects.toThrow(`${path} is damaged, not whole or no archive.`);
  }));

test("with bytes changed, it is refused or the content is the same", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "archive");
    const files = {
      "a.txt": new Uint8Array(700).fill(7),
      "b.txt": crypto.getRandomValues(new Uint8Array(300)),
    };
    await write(path, Object.entries(files));
    const sound = await Bun.file(path).bytes();
    let refused = 0;
    for (let index = 0; index < sound.byteLength; index++) {
      await writeFile(path, sound.with(index, (sound[index] ?? 0) ^ (1 << (index % 8))));
      const found = await read(path).catch(() => undefined);
      if (found === undefined) refused += 1;
      else expect(found).toEqual(files);
    }
    // But for a few bytes of gzip's own that say nothing about the content.
    expect(refused).toBeGreaterThan(sound.byteLength - 20);
  }));

test.each(["", "/etc/passwd", "../a", "a/../../b", "a/./b", "a//b", "a/", "C:\\a", "a\0b", "a\nb"])(
  "%j is no name for an entry, be it written or read",
  (name) =>
    inDirectory(async (directory) => {
      const path = join(directory, "archive");
      await expect(write(path, [[name, new Uint8Array(1)]])).rejects.toThrow("is no name for a file");
      expect(await readdir(directory)).toEqual([]);
      if (name.includes("\0")) return;
      await writeFile(path, await foreignArchive(name));
      await expect(read(path)).rejects.toThrow("is no name for a file");
    }),
);

test.each([1_000_001, 1e14])(
  "an entry that claims %d bytes is not taken into memory where a million are enough",
  (size) =>
    inDirectory(async (directory) => {
      const path = join(directory, "archive");
      await writeFile(path, archiveClaiming(size));
      for await (const entry of readArchive(path)) {
        await expect(entry.bytes(1_000_000)).rejects.toThrow("a is too large: it can have 1000000 bytes.");
        break;
      }
    }),
);

test("a name that is there twice is refused", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "archive");
    const bytes = new Uint8Array(1);
    await expect(
      write(path, [
        ["a", bytes],
        ["a", bytes],
      ]),
    ).rejects.toThrow("a is there twice.");
    expect(await readdir(directory)).toEqual([]);
  }));

/** As another program could have made it. */
async function foreignArchive(name: string): Promise<Uint8Array> {
  const { readable, controller } = createTarPacker();
  const writer = controller.add({ name, size: 1 }).getWriter();
  await writer.write(new Uint8Array(1));
  await writer.close();
  controller.finalize();
  return new Uint8Array(
    await new Response(readable.pipeThrough(new CompressionStream("gzip"))).arrayBuffer(),
  );
}

/** The beginning of one whose entry, called a, says that it has so many bytes. */
function archiveClaiming(size: number): Uint8Array {
  const header = Buffer.alloc(2048);
  const fields: [offset: number, text: string][] = [
    [0, "a"],
    [100, "0000600"],
    [148, " ".repeat(8)],
    [156, "0"],
    [257, "ustar"],
    [263, "00"],
  ];
  for (const [offset, text] of fields) header.write(text, offset);
  header[124] = 0x80;
  header.writeBigUInt64BE(BigInt(size), 128);
  const sum = header.reduce((sum, byte) => sum + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return Bun.gzipSync(header);
}

test("an archive has no more entries than can be gone through in memory", () =>
  inDirectory(async (directory) => {
    const writing = writeArchive(join(directory, "archive"), async (add) => {
      for (let index = 0; ; index++) await add(`${index}`, new Uint8Array(0));
    });
    await expect(writing).rejects.toThrow("There are more than 70000 files.");
  }));

describe("when writing fails", () => {
  const failures: [string, () => Content][] = [
    ["a source that fails", () => ({ size: 2_000_000, chunks: failing() })],
    ["a source that is too short", () => ({ size: 9, chunks: pieces(new Uint8Array(8), 4) })],
    ["a source that is too long", () => ({ size: 7, chunks: pieces(new Uint8Array(8), 4) })],
  ];

  async function* failing() {
    yield new Uint8Array(1_000_000);
    throw new Error("That was all.");
  }

  test.each(failures)("%s leaves what was there before, and nothing else", (_, content) =>
    inDirectory(async (directory) => {
      const path = join(directory, "archive");
      await write(path, [["kept", new Uint8Array([1])]]);
      await expect(write(path, [["a", content()]])).rejects.toThrow();
      expect(await readdir(directory)).toEqual(["archive"]);
      expect(await read(path)).toEqual({ kept: new Uint8Array([1]) });
    }),
  );

  test("the error is the one of the source", () =>
    inDirectory(async (directory) => {
      const failed = write(join(directory, "archive"), [["a", { size: 2_000_000, chunks: failing() }]]);
      await expect(failed).rejects.toThrow("That was all.");
    }));

  test("a directory that is not there is named", () =>
    inDirectory(async (directory) => {
      await expect(write(join(directory, "nowhere", "archive"), [])).rejects.toThrow("nowhere");
      await expect(read(join(directory, "nowhere"))).rejects.toThrow("nowhere cannot be read.");
    }));
});

test(
  "memory does not grow with the size",
  () =>
    inDirectory(async (directory) => {
      const path = join(directory, "archive");
      const size = 120_000_000;
      const noise = crypto.getRandomValues(new Uint8Array(65_536));
      async function* chunks() {
        for (let left = size; left > 0; left -= noise.byteLength)
          yield noise.subarray(0, Math.min(left, noise.byteLength));
      }
      const before = process.memoryUsage.rss();
      await write(path, [["large", { size, chunks: chunks() }]]);
      let length = 0;
      let slow = true;
      for await (const entry of readArchive(path)) {
        for await (const chunk of entry.chunks) {
          length += chunk.byteLength;
          // Whoever reads is slower than the disk.
          if (slow) await Bun.sleep(300);
          slow = false;
        }
      }
      expect(length).toBe(size);
      expect(process.memoryUsage.rss() - before).toBeLessThan(80_000_000);
    }),
  120_000,
);

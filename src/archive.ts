import { constants, createReadStream } from "node:fs";
import { access, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { createTarDecoder, createTarPacker, type TarPackController } from "modern-tar";
import { syncDirectory } from "./file-system.ts";

/** What an entry is made of: bytes, or chunks whose lengths are known to add up to `size`. */
export type Content = Uint8Array | { size: number; chunks: AsyncIterable<Uint8Array> };

/** To be awaited: an archive takes one entry at a time. */
export type AddEntry = (name: string, content: Content) => Promise<void>;

export type ArchiveEntry = {
  name: string;
  /** In bytes. */
  size: number;
  /** The content, once; what is not taken is passed over when the next entry is asked for. */
  chunks: AsyncIterable<Uint8Array>;
  /** All of it in memory, in place of `chunks`. @throws Error with a sentence when these are more than `most`. */
  bytes(most: number): Promise<Uint8Array>;
};

/**
 * Writes a gzipped tar that only its owner can read, whatever its size in bounded memory. There is never a part of one
 * under its name, which it gets when it is whole and on disk.
 * @throws what `fill` throws, or Error of the file system; nothing is left behind. Error for a name that is not a plain
 * relative path, or is there twice.
 */
export async function writeArchive(path: string, fill: (add: AddEntry) => Promise<void>): Promise<void> {
  const draft = `${path}.${Bun.randomUUIDv7()}.part`;
  try {
    await writeDraft(draft, fill);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** About twice as fast as the usual 6, for files that are a tenth larger; telemetry is compressed already. */
const LEVEL = 3;

async function writeDraft(path: string, fill: (add: AddEntry) => Promise<void>): Promise<void> {
  const { readable, controller } = createTarPacker();
  const file = await open(path, "wx", 0o600);
  try {
    const writing = pipeline(
      readable,
      createGzip({ level: LEVEL }),
      async (chunks: AsyncIterable<Uint8Array>) => {
        for await (const chunk of chunks) await file.writeFile(chunk);
      },
    );
    const filling = fill(entryAdder(controller)).then(
      () => controller.finalize(),
      (error: unknown) => controller.error(error),
    );
    await Promise.all([writing, filling]);
    await file.sync();
  } finally {
    await file.close();
  }
}

function entryAdder(controller: TarPackController): AddEntry {
  const checkName = nameChecker();
  return async (name, content) => {
    checkName(name);
    if (content instanceof Uint8Array) await addChunks(controller, name, content.byteLength, [content]);
    else await addChunks(controller, name, content.size, content.chunks);
  };
}

async function addChunks(
  controller: TarPackController,
  name: string,
  size: number,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  const writer = controller.add({ name, size, mode: 0o600 }).getWriter();
  for await (const chunk of chunks) await writer.write(chunk);
  await writer.close();
}

/**
 * Reads an archive, entry by entry. Only when it has ended without an error is it certain that the whole was sound.
 * @throws Error with a sentence, from here or from an entry's content: the file is truncated, damaged or no archive.
 */
export async function* readArchive(path: string): AsyncGenerator<ArchiveEntry, void, void> {
  const unsound = (cause: unknown) =>
    new Error(`${path} is damaged, not whole or no archive. ${messageOf(cause)}`, { cause });
  await access(path, constants.R_OK).catch((cause) => {
    throw new Error(`${path} cannot be read. ${messageOf(cause)}`, { cause });
  });
  const stop = new AbortController();
  const { readable, writable } = createTarDecoder({ strict: true });
  const reading = unpack(path, writable, stop.signal);
  // It may fail long before it is awaited, below.
  reading.catch(() => {});
  const checkName = nameChecker();
  try {
    for await (const { header, body } of readable) {
      const { name, size } = header;
      checkName(name);
      if (header.type !== "file") throw new Error(`${name} is a ${header.type}, not a file.`);
      const chunks = passOn(body, unsound);
      yield { name, size, chunks, bytes: (most) => collect(chunks, { name, size, most }) };
      if (!body.locked) await body.pipeTo(new WritableStream());
    }
    await reading;
  } catch (cause) {
    throw unsound(cause);
  } finally {
    stop.abort();
    await reading.catch(() => {});
  }
}

async function unpack(path: string, decoder: WritableStream<Uint8Array>, signal: AbortSignal): Promise<void> {
  const writer = decoder.getWriter();
  const decode = async (chunks: AsyncIterable<Uint8Array>) => {
    for await (const chunk of chunks) await writer.write(chunk);
    await writer.close();
  };
  try {
    await pipeline(createReadStream(path), createGunzip(), decode, { signal });
  } catch (error) {
    await writer.abort(error).catch(() => {});
    throw error;
  }
}

/** What is not taken is left: a body that is cancelled may keep the decoder from ever ending the next one. */
async function* passOn(body: ReadableStream<Uint8Array>, unsound: (cause: unknown) => Error) {
  try {
    yield* body.values({ preventCancel: true });
  } catch (cause) {
    throw unsound(cause);
  }
}

async function collect(
  chunks: AsyncIterable<Uint8Array>,
  { name, size, most }: { name: string; size: number; most: number },
): Promise<Uint8Array> {
  if (size > most) throw new Error(`${name} is too large: it can have ${most} bytes.`);
  const bytes = new Uint8Array(size);
  let offset = 0;
  for await (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** As many as an archive can have, since their names are kept in memory: two for each ride of a long life. */
const MOST_ENTRIES = 70_000;

/** Names with which nothing can be written outside the folder an archive is unpacked in, each of them once. */
function nameChecker(): (name: string) => void {
  const names = new Set<string>();
  return (name) => {
    const isPlain = /^[\w.@ -]+(\/[\w.@ -]+)*$/u.test(name) && !/(^|\/)\.\.?(\/|$)/.test(name);
    if (!isPlain) throw new Error(`${JSON.stringify(name)} is no name for a file in an archive.`);
    if (names.has(name)) throw new Error(`${name} is there twice.`);
    if (names.size === MOST_ENTRIES) throw new Error(`There are more than ${MOST_ENTRIES} files.`);
    names.add(name);
  };
}

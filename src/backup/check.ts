import { open } from "node:fs/promises";
import { type ArchiveEntry, readArchive } from "../archive.ts";
import { checkIntegrity } from "../db/integrity.ts";
import { countRows } from "./database-file.ts";
import {
  type FileFacts,
  type FileName,
  FORMAT,
  MANIFEST_NAME,
  type Manifest,
  manifestSchema,
} from "./manifest.ts";

const LARGEST_MANIFEST = 1_000_000;

/** @throws Error with a sentence when the file is no backup of this program, or one in a later format. */
export async function readManifest(path: string): Promise<Manifest> {
  for await (const entry of readArchive(path)) return await parseManifest(path, entry);
  throw new Error(`${path} is empty.`);
}

/**
 * Unpacks a backup to where `placeOf` says and goes over all of it: checksums, the integrity of the databases, rows.
 * @param onBytes called with the length of each piece
 * @throws Error with a sentence when anything is wrong; what was unpacked by then is left to the caller.
 */
export async function unpackBackup(
  path: string,
  placeOf: (name: FileName) => string,
  onBytes: (bytes: number) => void = () => {},
): Promise<Manifest> {
  let manifest: Manifest | undefined;
  const missing = new Map<string, FileFacts>();
  for await (const entry of readArchive(path)) {
    if (!manifest) {
      manifest = await parseManifest(path, entry);
      for (const [name, facts] of Object.entries(manifest.files)) missing.set(name, facts);
      continue;
    }
    const facts = missing.get(entry.name);
    if (!facts) throw new Error(`${path} has a file in it that its manifest does not list: ${entry.name}.`);
    missing.delete(entry.name);
    const place = placeOf(entry.name as FileName);
    const isSame = entry.size === facts.size && (await unpack(entry, place, onBytes)) === facts.sha256;
    if (!isSame) throw damaged(path, `${entry.name} has changed.`);
    checkDatabase(path, entry.name, place, facts);
  }
  if (!manifest) throw damaged(path, "It is empty.");
  const [absent] = missing.keys();
  if (absent !== undefined) throw damaged(path, `${absent} is not in it.`);
  return manifest;
}

async function parseManifest(path: string, entry: ArchiveEntry): Promise<Manifest> {
  if (entry.name !== MANIFEST_NAME) throw new Error(`${path} is no backup made by this program.`);
  const json = parseJson(await entry.bytes(LARGEST_MANIFEST));
  if (json instanceof Object && "format" in json && Number(json.format) > FORMAT) {
    throw new Error(`${path} was made by a newer version of this program. Use that version.`);
  }
  const { data, error } = manifestSchema.safeParse(json);
  if (error) throw damaged(path, "Its manifest cannot be understood.", error);
  return data;
}

/** Undefined where it is none. */
function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

/** Resolves to the SHA-256 of what is then on disk. */
async function unpack(entry: ArchiveEntry, path: string, onBytes: (bytes: number) => void): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256");
  const file = await open(path, "w", 0o600);
  try {
    for await (const chunk of entry.chunks) {
      hash.update(chunk);
      await file.writeFile(chunk);
      onBytes(chunk.byteLength);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return hash.digest("hex");
}

function checkDatabase(path: string, name: string, place: string, { rows }: FileFacts): void {
  if (!rows) return;
  const problems = checkIntegrity(place);
  if (problems.length > 0) throw damaged(path, `${name}: ${problems.join(" ")}`);
  if (!Bun.deepEquals(countRows(place), rows)) throw damaged(path, `${name} has not the rows that it had.`);
}

function damaged(path: string, what: string, cause?: Error): Error {
  return new Error(`${path} is not a sound backup. ${what}`, { cause });
}

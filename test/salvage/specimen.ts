import { copyFile } from "node:fs/promises";
import { crc32 } from "node:zlib";
import Database from "libsql";
import { createDatabase } from "../../src/db/database.ts";
import { migrateDatabase } from "../../src/db/migrate.ts";
import { closeClient, openClient } from "../../src/db/open.ts";
import { openEmbeddedBuffer } from "../../src/streams/embedded.ts";

const USERS = 3;
const RIDES = 120;
const DAY = 86_400_000;
const SPECIMEN_DAY = Date.UTC(2026, 5, 1);

/** Begins a file as earlier versions did: it gives no free pages back, and has no pointer map. */
export function beginWithoutPointerMap(path: string): void {
  const database = new Database(path);
  database.exec("PRAGMA journal_mode = WAL");
  database.close();
}

/** A database with all that riders leave behind, and some of it deleted again; deterministic but for sizes of pages. */
export async function makeDatabase(path: string): Promise<void> {
  const client = await openClient({ url: `file:${path}` });
  await migrateDatabase(createDatabase(client));
  await closeClient(client);
  const database = new Database(path);
  database.exec("BEGIN");
  const run: Run = (sql, ...values) => database.prepare(sql).run(values);
  for (let user = 0; user < USERS; user++) {
    run(
      "INSERT INTO users (id, email, password_hash, settings, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
      `user-${user}`,
      `Rider${user}@Example.org`,
      "$argon2id$".padEnd(90, "x"),
      '{"timezone":"Europe/Berlin"}',
      SPECIMEN_DAY,
      SPECIMEN_DAY,
    );
    for (let key = 0; key < 20; key++) {
      run(
        "INSERT INTO api_keys (id, user_id, key_hash, name, prefix, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        `key-${user}-${key}`,
        `user-${user}`,
        Bun.SHA256.hash(`key ${user} ${key}`, "hex"),
        `Gerät ${key}`,
        "bpt_abcdefgh",
        SPECIMEN_DAY,
      );
      run(
        "INSERT INTO refresh_tokens VALUES (?, ?, ?, ?, ?, ?, ?)",
        `token-${user}-${key}`,
        `user-${user}`,
        `family-${key}`,
        Bun.SHA256.hash(`token ${user} ${key}`, "hex"),
        SPECIMEN_DAY,
        SPECIMEN_DAY + DAY,
        key % 2 === 0 ? SPECIMEN_DAY : null,
      );
    }
    for (let month = 0; month < 12; month++) {
      run(
        "INSERT INTO ftp_history VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        `ftp-${user}-${month}`,
        `user-${user}`,
        200 + month,
        month % 2 === 0 ? "ramp test" : null,
        SPECIMEN_DAY + month * 30 * DAY,
        20_000 + month * 30,
        SPECIMEN_DAY,
        month % 3 === 0 ? "running" : "cycling",
      );
    }
  }
  for (let ride = 0; ride < RIDES; ride++) insertRide(run, ride);
  // Pages with deleted rows on them, some of credentials.
  run("DELETE FROM workouts WHERE id IN (SELECT id FROM workouts ORDER BY id LIMIT 30)");
  run("DELETE FROM refresh_tokens WHERE user_id = 'user-0'");
  database.exec("COMMIT");
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
}

type Run = (sql: string, ...values: (string | number | null | Uint8Array)[]) => void;

function insertRide(run: Run, ride: number): void {
  const id = `ride-${String(ride).padStart(4, "0")}`;
  const startTime = SPECIMEN_DAY + ride * DAY;
  const curve = Object.fromEntries(
    Array.from({ length: 40 }, (_, index) => [index * 7 + 1, 400.5 - index * 5]),
  );
  const summary = { avgPower: 200, powerCurve: curve, notes: "n".repeat((ride * 97) % 6000) };
  run(
    `INSERT INTO workouts (id, user_id, stream_name, title, start_time, end_time, duration, status, summary,
       training_stress, definitions_version, created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, 3600, 'COMPLETED', ?, ?, 1, ?, ?)`,
    id,
    `user-${ride % USERS}`,
    `stream-${ride}`,
    `Fahrt über den Berg ${ride}`,
    startTime,
    startTime + 3_600_000,
    JSON.stringify(summary),
    ride % 4 === 0 ? null : 50 + ride / 3,
    startTime,
    startTime,
  );
  run("INSERT INTO telemetry VALUES (?, ?)", id, sealed(noise(ride, 300 + ((ride * 1733) % 20_000))));
  for (const [duration, value] of Object.entries(curve)) {
    run(
      "INSERT INTO best_efforts VALUES (?, 'power', ?, ?, ?, ?, ?)",
      id,
      Number(duration),
      value + (ride % 3) / 2,
      `user-${ride % USERS}`,
      startTime,
      ride % 5 === 0 ? "running" : "cycling",
    );
  }
}

/** Bytes that no compression makes smaller, always the same ones. */
function noise(seed: number, length: number): Uint8Array {
  const random = randomFrom(seed + 1);
  return Uint8Array.from({ length }, () => random(256));
}

/** With the version and the checksum that the telemetry codec puts before what it has compressed. */
function sealed(frame: Uint8Array): Uint8Array {
  const start = Buffer.alloc(5, 1);
  start.writeUInt32LE(crc32(frame), 1);
  return Buffer.concat([start, frame]);
}

/** A stream buffer with rides under way, and one that was deleted. */
export async function makeBuffer(path: string): Promise<void> {
  let time = SPECIMEN_DAY;
  const buffer = await openEmbeddedBuffer({ path, durability: "relaxed", now: () => time });
  for (let stream = 0; stream < 6; stream++) {
    const key = { owner: `user-${stream % USERS}`, name: `stream-${stream}` };
    for (let batch = 0; batch < 4; batch++) {
      time += 100_000;
      const message = (index: number) =>
        JSON.stringify({ message: `{"power":${200 + index}}`, timestamp: time });
      await buffer.append(
        key,
        Array.from({ length: 100 }, (_, index) => message(index)),
      );
    }
  }
  // Longer than a page: it is on overflow pages.
  const long = JSON.stringify({ message: "m".repeat(9000), timestamp: time });
  await buffer.append({ owner: "user-0", name: "long" }, [long, long]);
  await buffer.delete({ owner: "user-0", name: "stream-0" });
  await buffer.close();
}

/** Copies a database as a crash would leave it. */
export async function copyDatabase(from: string, to: string): Promise<void> {
  await copyFile(from, to);
  await copyFile(`${from}-wal`, `${to}-wal`).catch(() => {});
}

/** Numbers below a limit, by the generator mulberry32: the same for the same seed. */
export function randomFrom(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

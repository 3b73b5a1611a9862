import { open, stat } from "node:fs/promises";
import Database from "libsql";

const PAGE = 4096;

/** Overwrites pages in the middle of a file, as a failing card does. */
export async function overwriteMiddle(path: string, pages: number): Promise<void> {
  const first = Math.floor((await stat(path)).size / PAGE / 2);
  const file = await open(path, "r+");
  await file.write(new Uint8Array(pages * PAGE).fill(0x5a), 0, pages * PAGE, first * PAGE);
  await file.close();
}

/** Changes the last byte of a ride's telemetry: the file stays sound. */
export function overwriteTelemetry(databasePath: string, workoutId: string): void {
  const database = new Database(databasePath, { timeout: 5000 });
  const row = database.prepare("SELECT data FROM telemetry WHERE workout_id = ?").get(workoutId);
  const data = Buffer.from((row as { data: ArrayBuffer }).data);
  const last = data.length - 1;
  data.writeUInt8(data.readUInt8(last) ^ 1, last);
  database.prepare("UPDATE telemetry SET data = ? WHERE workout_id = ?").run([data, workoutId]);
  database.close();
}

import type { LocalFile } from "../db/local-files.ts";
import { openReadOnly, rowsOf } from "../db/read-only.ts";
import { isTelemetrySound } from "../domain/telemetry-codec.ts";
import type { Finding } from "./finding.ts";

/** So many rides are named. */
const MOST_NAMED = 20;

const ADVICE =
  "Their summaries and records are kept; the samples are lost, unless a backup has them: " +
  "restore one into another DATA_DIR to see. `--repair` cannot bring them back.";

/**
 * Whether the telemetry of every ride in a sound database is as it was written, which SQLite cannot tell: bytes changed
 * inside a value leave a file sound. Holds one ride in memory at a time.
 */
export function checkTelemetry({ path }: LocalFile): Finding[] {
  const check = "telemetry";
  const database = openReadOnly(path);
  try {
    if (rowsOf(database, "SELECT 1 FROM sqlite_schema WHERE name = 'telemetry'").length === 0) return [];
    let rides = 0;
    const damaged: string[] = [];
    for (const row of database.prepare("SELECT workout_id AS id, data FROM telemetry").iterate()) {
      const { id, data } = row as { id: string; data: ArrayBuffer };
      rides += 1;
      if (!isTelemetrySound(new Uint8Array(data))) damaged.push(id);
    }
    if (damaged.length === 0) {
      return [{ check, status: "ok", message: `Rides with telemetry: ${rides}, all as written` }];
    }
    const named = damaged.slice(0, MOST_NAMED).join(", ");
    const others = damaged.length > MOST_NAMED ? ` and ${damaged.length - MOST_NAMED} more` : "";
    const message = `The telemetry of ${damaged.length} of ${rides} rides is damaged: ${named}${others}`;
    return [{ check, status: "problem", message, advice: ADVICE }];
  } finally {
    database.close();
  }
}

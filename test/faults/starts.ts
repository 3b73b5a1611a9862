import { equal } from "node:assert/strict";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { createBackup } from "../../src/backup/create.ts";
import { restoreBackup } from "../../src/backup/restore.ts";
import { parseConfig } from "../../src/config.ts";
import { numbersFrom } from "../cli/demo/random.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { makeFaultyDisk } from "../support/faulty-disk.ts";
import { logInRider, registerRider } from "../support/rider.ts";
import { madeUpRide } from "../support/rides.ts";
import { spawnService, startServer } from "../support/server.ts";
import { checkIntegrity, readStream } from "./checks.ts";

/** Milliseconds within which a start is killed: with such a disk it takes about as long. */
const WINDOW_MS = 900;
const FLUSH_MS = 20;
const STREAM = "ride";
const SAMPLES = 20;

/** What starts that are killed are tried on. */
export interface Starts extends AsyncDisposable {
  /**
   * Kills a start with SIGKILL, up to three in a row on the same data, and starts again; resolves to how many ms
   * after its beginning each was killed. Even seeds are for first starts of all, odd ones for the first start after a restore.
   * @throws StartError when it does not start any more, AssertionError when something is missing.
   */
  play(seed: number): Promise<number[]>;
}

export async function prepareStarts(): Promise<Starts> {
  const workshop = await temporaryDirectory();
  const disk = await makeFaultyDisk(workshop.path);
  const restored = join(workshop.path, "restored");
  await makeRestored(restored, workshop.path);

  async function play(seed: number): Promise<number[]> {
    const random = numbersFrom(seed);
    const directory = await temporaryDirectory();
    const isRestored = seed % 2 === 1;
    if (isRestored) await cp(restored, directory.path, { recursive: true });
    const kills = 1 + Math.floor(random() * 3);
    const moments: number[] = [];
    for (let kill = 0; kill < kills; kill++) {
      const moment = Math.round(random() * WINDOW_MS);
      moments.push(moment);
      await killedStart(directory.path, moment);
    }
    {
      await using server = await startServer({ directory: directory.path });
      if (isRestored) equal((await readStream(await logInRider(server), STREAM)).length, SAMPLES);
      else await registerRider(server);
      equal(await server.signal("SIGTERM"), 0, "SIGTERM did not end the service with exit code 0");
    }
    await checkIntegrity(directory.path);
    await directory.remove();
    return moments;
  }

  async function killedStart(directory: string, moment: number): Promise<void> {
    const environment = {
      ...disk.environment,
      SLOW_FSYNC_MS: String(FLUSH_MS),
      DATA_DIR: directory,
      PORT: "0",
    };
    const service = spawnService(environment);
    await Bun.sleep(moment);
    service.kill("SIGKILL");
    await service.exited;
  }

  return { play, [Symbol.asyncDispose]: () => workshop.remove() };
}

/** A data directory as `bpt restore` leaves it, with a ride under way. */
async function makeRestored(directory: string, workshop: string): Promise<void> {
  await using server = await startServer();
  const rider = await registerRider(server);
  await rider.postBatch(STREAM, madeUpRide(SAMPLES), "json");
  const options = { now: Date.now, onBytes: () => {} };
  const from = parseConfig({ DATA_DIR: server.directory });
  const { file } = await createBackup(from, join(workshop, "backups"), options);
  await restoreBackup(parseConfig({ DATA_DIR: directory }), file, options);
}

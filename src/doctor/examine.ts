import { existsSync } from "node:fs";
import type { Config } from "../config.ts";
import { toError } from "../db/errors.ts";
import { localFiles } from "../db/local-files.ts";
import { publicAddress } from "../db/remote.ts";
import { checkBackups } from "./check-backups.ts";
import { checkClock } from "./check-clock.ts";
import { checkDirectory } from "./check-directory.ts";
import { checkFile } from "./check-files.ts";
import { checkStreams } from "./check-streams.ts";
import type { Finding } from "./finding.ts";
import { readBuffer, readDatabase } from "./stores.ts";

/**
 * Looks at everything that this instance keeps, beside a running server or without one, and changes nothing. What is
 * kept elsewhere is asked whether it answers; its soundness is its own server's affair.
 * @throws Error when there is no data.
 */
export async function examine(config: Config, now: number): Promise<Finding[]> {
  const { dataDirectory, databaseUrl, redis } = config;
  if (!existsSync(dataDirectory)) throw new Error(`There is no data in ${dataDirectory}. Set DATA_DIR.`);
  const files = localFiles(config).flatMap((file) => checkFile(file, config));
  // What is damaged can end the process of whoever reads it.
  const isReadable = !files.some(({ check, status }) => check === "integrity" && status === "problem");
  const [database, buffer] = isReadable
    ? await Promise.all([asked(readDatabase(config)), asked(readBuffer(config))])
    : [{}, {}];
  const idleMs = config.streamIdleHours * 3_600_000;
  return [
    ...files,
    ...(databaseUrl.startsWith("file:") ? [] : [answer(publicAddress(databaseUrl), database)]),
    ...(redis ? [answer(publicAddress(redis.url), buffer)] : []),
    ...(database.value && buffer.value ? checkStreams(database.value, buffer.value, { now, idleMs }) : []),
    await checkClock(now, database.value?.newest ?? 0),
    ...(await checkDirectory(config)),
    ...(await checkBackups(config, now)),
  ];
}

type Asked<Value> = { value?: Value | undefined; error?: Error };

function asked<Value>(asking: Promise<Value>): Promise<Asked<Value>> {
  return asking.then(
    (value) => ({ value }),
    (error: unknown) => ({ error: toError(error) }),
  );
}

function answer(address: string, { error }: Asked<unknown>): Finding {
  if (!error)
    return {
      check: "remote",
      status: "ok",
      message: `${address} answers; whether it is sound, its own server knows`,
    };
  const advice = "See whether that server runs and whether the network reaches it.";
  return {
    check: "remote",
    status: "problem",
    message: `${address} does not answer: ${error.message}`,
    advice,
  };
}

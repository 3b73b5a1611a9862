import type { Config } from "../config.ts";
import { toError } from "../db/errors.ts";
import { type LocalFile, localFiles } from "../db/local-files.ts";
import { publicAddress } from "../db/remote.ts";
import { checkBackups } from "./check-backups.ts";
import { checkClock } from "./check-clock.ts";
import { checkDirectory } from "./check-directory.ts";
import { checkFile } from "./check-files.ts";
import { checkPresence } from "./check-presence.ts";
import { checkRedis } from "./check-redis.ts";
import { checkStreams } from "./check-streams.ts";
import type { Finding } from "./finding.ts";
import { readBuffer, readDatabase, requireData } from "./stores.ts";

/**
 * Looks at everything that this instance keeps, beside a running server or without one, and changes nothing. What is
 * kept elsewhere is asked whether it answers; its soundness is its own server's affair. `onFile` is told of each file
 * before it is read, which may take long.
 * @throws Error when there is no data.
 */
export async function examine(
  config: Config,
  now: number,
  onFile: (file: LocalFile) => void = () => {},
): Promise<Finding[]> {
  requireData(config);
  const { databaseUrl, redis } = config;
  const presence = checkPresence(config);
  // What is of two times, or is lost, is no use to look into, and opening it may change it.
  const isWhole = !presence.some(({ status }) => status === "problem");
  const files = (isWhole ? localFiles(config) : []).flatMap((file) => {
    onFile(file);
    return checkFile(file, config);
  });
  // What is damaged can end the process of whoever reads it.
  const isReadable =
    isWhole && !files.some(({ check, status }) => check === "integrity" && status === "problem");
  const [database, buffer] = isReadable
    ? await Promise.all([asked(readDatabase(config)), asked(readBuffer(config))])
    : [{}, {}];
  const idleMs = config.streamIdleHours * 3_600_000;
  return [
    ...presence,
    ...files,
    ...(databaseUrl.startsWith("file:") ? [] : [answer(publicAddress(databaseUrl), database)]),
    ...(redis ? [answer(publicAddress(redis.url), buffer), ...(await checkRedis(redis))] : []),
    ...(database.value && buffer.value ? checkStreams(database.value, buffer.value, { now, idleMs }) : []),
    await checkClock(config.dataDirectory, now, database.value?.newest ?? 0),
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

import { openRedisBuffer } from "../../src/streams/redis.ts";
import { redisAvailable, startRedis } from "../support/redis.ts";
import { load, median, SAMPLE, startBare, startScript, startService } from "./processes.ts";
import type { Row } from "./table.ts";

const STREAMS = 50;
const TOKEN = "bench";

/** What the service stores of a sample. */
const DATA = JSON.stringify({ message: JSON.stringify(SAMPLE), timestamp: SAMPLE.timestamp });

/** Posts through the Redis driver, with Redis and its HTTP front in processes of their own on the loopback. */
export async function redis(quick: boolean): Promise<Row[]> {
  if (!redisAvailable) return [{ what: "Posts through Redis: skipped, redis-server is not on the PATH" }];
  await using server = await startRedis();
  const environment = { REDIS_URL: server.url, TOKEN, PORT: "0" };
  await using front = await startScript("../support/upstash-front.ts", environment);
  return [...(await appends(front.url, quick)), ...(await posts(front.url, quick))];
}

/** Appends of the driver, against XADD of the same data in pipelines of as many commands, one at a time. */
async function appends(url: string, quick: boolean): Promise<Row[]> {
  const buffer = openRedisBuffer({ url, token: TOKEN, now: Date.now });
  const durationMs = quick ? 500 : 1000;
  const rows: Row[] = [];
  for (const concurrent of [50, 256]) {
    const append = async (index: number) => {
      await buffer.append({ owner: `rider-${index % STREAMS}`, name: "ride" }, [DATA]);
      return 1;
    };
    const { ratio, rates } = await compare(quick, {
      measured: () => emptyThen(url, () => rate(concurrent, durationMs, append)),
      reference: () => emptyThen(url, () => rate(1, durationMs, () => addBare(url, concurrent))),
    });
    rows.push(
      {
        what: `Appends through the Redis driver, ${concurrent} concurrent, against bare pipelined XADD`,
        measured: ratio,
        unit: "×",
        target: "at least 0.5",
        met: ratio >= 0.5,
      },
      { what: "The same, in appends a second", measured: rates.measured, unit: "/s" },
      { what: `Bare XADD in pipelines of ${concurrent}`, measured: rates.reference, unit: "/s" },
    );
  }
  await buffer.close();
  return rows;
}

async function addBare(url: string, commands: number): Promise<number> {
  const pipeline = Array.from({ length: commands }, (_, index) => [
    "XADD",
    `bare:rider-${index % STREAMS}:ride`,
    "*",
    "data",
    DATA,
  ]);
  const answers = (await send(`${url}/pipeline`, pipeline)) as { result?: string }[];
  if (answers.some(({ result }) => result === undefined)) throw new Error("A bare XADD failed.");
  return answers.length;
}

/** Otherwise Redis would grow by some hundred megabytes. */
async function emptyThen<Result>(url: string, next: () => Promise<Result>): Promise<Result> {
  await send(url, ["FLUSHALL"]);
  return next();
}

async function send(url: string, json: unknown): Promise<unknown> {
  const headers = { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json" };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(json) });
  if (!response.ok) throw new Error(`The front answered ${response.status}.`);
  return response.json();
}

/** Posts over HTTP to one instance, as a share of what the bare route takes. */
async function posts(redisUrl: string, quick: boolean): Promise<Row[]> {
  await using bare = await startBare();
  const { server, rider } = await startService({
    UPSTASH_REDIS_REST_URL: redisUrl,
    UPSTASH_REDIS_REST_TOKEN: TOKEN,
  });
  await using _ = server;
  const durationMs = quick ? 700 : 2000;
  const rows: Row[] = [];
  for (const connections of [16, 256]) {
    const { accessToken } = rider;
    const { ratio, rates } = await compare(quick, {
      measured: async () =>
        (await load(server.url, { connections, durationMs, accessToken })).requestsPerSecond,
      reference: async () => (await load(bare.url, { connections, durationMs })).requestsPerSecond,
    });
    rows.push(
      {
        what: `Posts, Redis, ${connections} connections, against a bare route`,
        measured: ratio,
        unit: "×",
      },
      { what: "The same, in posts a second", measured: rates.measured, unit: "/s" },
    );
  }
  return rows;
}

type Rate = () => Promise<number>;

/** Medians of rates measured in turn, and of the ratio to what the reference gave just before and just after. */
async function compare(quick: boolean, { measured, reference }: { measured: Rate; reference: Rate }) {
  // The first of each find code that has not been compiled yet.
  await reference();
  await measured();
  const references = [await reference()];
  const rates: number[] = [];
  const ratios: number[] = [];
  for (let round = 0; round < (quick ? 1 : 5); round++) {
    const before = references.at(-1) ?? Number.NaN;
    const own = await measured();
    const after = await reference();
    rates.push(own);
    references.push(after);
    ratios.push((2 * own) / (before + after));
  }
  return { ratio: median(ratios), rates: { measured: median(rates), reference: median(references) } };
}

/** How much is done in a second by so many callers, each of whom calls again as soon as it has an answer. */
async function rate(
  concurrent: number,
  durationMs: number,
  call: (index: number) => Promise<number>,
): Promise<number> {
  const began = performance.now();
  let done = 0;
  const repeat = async (_: unknown, index: number) => {
    while (performance.now() - began < durationMs) {
      const count = await call(index);
      done += count;
    }
  };
  await Promise.all(Array.from({ length: concurrent }, repeat));
  return (done * 1000) / (performance.now() - began);
}

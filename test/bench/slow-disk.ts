import { temporaryDirectory } from "../support/directory.ts";
import { hasCompiler, makeFaultyDisk } from "../support/faulty-disk.ts";
import { quantile, SAMPLE, startService } from "./processes.ts";
import type { Row } from "./table.ts";

const RIDERS = 10;

/** Ten riders at 1 Hz while every fsync takes 30 ms, as on a slow SD card. */
export async function slowDisk(quick: boolean): Promise<Row[]> {
  if (!hasCompiler) return [{ what: "Posts on a 30-ms disk: skipped, there is no C compiler" }];
  const directory = await temporaryDirectory();
  const { environment } = await makeFaultyDisk(directory.path);
  const { server, rider } = await startService({ ...environment, SLOW_FSYNC_MS: "30" });
  await using _ = server;
  const end = performance.now() + (quick ? 5000 : 30_000);
  const posts: number[] = [];
  const others: number[] = [];
  const post = (index: number) => async () => {
    await rider.call("POST", `/api/streams/rider-${index}/messages`, { message: JSON.stringify(SAMPLE) });
  };
  await Promise.all([
    ...Array.from({ length: RIDERS }, (_, index) =>
      every(1000, (index * 1000) / RIDERS, end, posts, post(index)),
    ),
    every(50, 0, end, others, async () => void (await rider.call("GET", "/api/workouts"))),
    every(50, 10, end, others, async () => void (await rider.call("GET", "/health"))),
    every(50, 20, end, others, async () => void (await rider.call("GET", "/api/streams"))),
    every(200, 30, end, others, async () => void (await rider.request("/api/streams/rider-0/messages"))),
  ]);
  await directory.remove();
  const row = (what: string, values: number[], target: number): Row => ({
    what,
    measured: quantile(values, 0.99),
    unit: "ms",
    target: `under ${target}`,
    met: quantile(values, 0.99) < target,
  });
  return [
    row(`Posts of ${RIDERS} riders on a 30-ms disk, p99 of ${posts.length}`, posts, 150),
    row(`Other requests meanwhile, p99 of ${others.length}`, others, 60),
  ];
}

/** Calls at fixed times, whether or not the last call has been answered, and notes how long each took. */
async function every(
  period: number,
  offset: number,
  end: number,
  latencies: number[],
  call: () => Promise<void>,
): Promise<void> {
  const start = performance.now() + offset;
  const calls: Promise<void>[] = [];
  for (let time = start; time < end; time += period) {
    await Bun.sleep(Math.max(0, time - performance.now()));
    const began = performance.now();
    calls.push(call().then(() => void latencies.push(performance.now() - began)));
  }
  await Promise.all(calls);
}

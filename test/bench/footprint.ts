import { temporaryDirectory } from "../support/directory.ts";
import { type Program, spawnService } from "../support/server.ts";
import { median, residentMegabytes, SAMPLE, startService } from "./processes.ts";
import type { Row } from "./table.ts";

/** Memory at rest and after a million samples, and the time to the first answer. */
export async function footprint(quick: boolean): Promise<Row[]> {
  const { server, rider } = await startService();
  await using _ = server;
  await Bun.sleep(2000);
  const idle = await residentMegabytes(server.pid);
  const samples = quick ? 100_000 : 1_000_000;
  const batch = Array.from({ length: 5000 }, () => SAMPLE);
  for (let sent = 0; sent < samples; sent += batch.length) {
    await rider.postBatch(`ride-${Math.floor(sent / 15_000)}`, batch, "ndjson");
  }
  const after = await residentMegabytes(server.pid);
  const starts: number[] = [];
  for (let round = 0; round < (quick ? 3 : 9); round++) starts.push(await firstAnswer());
  return [
    { what: "Memory at rest", measured: idle, unit: "MB", target: "under 90", met: idle < 90 },
    {
      what: `Memory after ${samples.toLocaleString("en")} samples`,
      measured: after,
      unit: "MB",
      target: "under 150",
      met: after < 150,
    },
    {
      what: "First answer of `bun src/main.ts serve`, median",
      measured: median(starts),
      unit: "ms",
      target: "under 150",
      met: median(starts) < 150,
    },
  ];
}

/** Milliseconds from starting the process on data that is there to its first answer. */
export async function firstAnswer(program?: Program): Promise<number> {
  const directory = await temporaryDirectory();
  const port = await freePort();
  const environment = { DATA_DIR: directory.path, PORT: String(port) };
  await untilAnswer(environment, port, program);
  const time = await untilAnswer(environment, port, program);
  await directory.remove();
  return time;
}

async function untilAnswer(
  environment: Record<string, string>,
  port: number,
  program?: Program,
): Promise<number> {
  const began = performance.now();
  const service = spawnService(environment, program);
  while (!(await answers(port))) await Bun.sleep(1);
  const time = performance.now() - began;
  service.kill();
  await service.exited;
  return time;
}

async function answers(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/livez`).then(
    (response) => response.ok,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const { port } = server;
  await server.stop(true);
  return port ?? 0;
}

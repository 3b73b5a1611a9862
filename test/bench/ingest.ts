import { load, type Measured, median, startBare, startService } from "./processes.ts";
import type { Row } from "./table.ts";

const CASES = [
  { durability: "full", connections: 16, target: 0.25 },
  { durability: "full", connections: 256, target: 0.4 },
  { durability: "relaxed", connections: 16, target: 0.4 },
] as const;

/** One-sample posts, authenticated, as a share of what the bare route takes just before and just after. */
export async function ingest(quick: boolean): Promise<Row[]> {
  const durationMs = quick ? 700 : 2000;
  await using bare = await startBare();
  const services = {
    full: await startService({ DURABILITY: "full" }),
    relaxed: await startService({ DURABILITY: "relaxed" }),
  };
  await using _full = services.full.server;
  await using _relaxed = services.relaxed.server;
  await warmUp(bare.url, Object.values(services));
  const rows: Row[] = [];
  for (const { durability, connections, target } of CASES) {
    const { server, rider } = services[durability];
    const ratios: number[] = [];
    for (let round = 0; round < (quick ? 1 : 5); round++) {
      const before = await load(bare.url, { connections, durationMs });
      const measured = await load(server.url, { connections, durationMs, accessToken: rider.accessToken });
      const after = await load(bare.url, { connections, durationMs });
      ratios.push((2 * measured.requestsPerSecond) / (before.requestsPerSecond + after.requestsPerSecond));
    }
    rows.push({
      what: `Posts, ${durability} durability, ${connections} connections, against a bare route`,
      measured: median(ratios),
      unit: "×",
      target: `at least ${target}`,
      met: median(ratios) >= target,
    });
  }
  return rows;
}

/** Until the engine has compiled what is hot. */
async function warmUp(bareUrl: string, services: Measured[]): Promise<void> {
  await load(bareUrl, { connections: 64, durationMs: 1000 });
  for (const { server, rider } of services) {
    await load(server.url, { connections: 64, durationMs: 2500, accessToken: rider.accessToken });
  }
}

import { join } from "node:path";
import { type Rider, registerRider } from "../support/rider.ts";
import { startServer, type TestServer } from "../support/server.ts";
import type { LoadOptions, LoadResult } from "./load.ts";

/** A sample as a sensor app posts it. */
export const SAMPLE = {
  timestamp: 1_767_225_600_000,
  power: 250,
  cadence: 90,
  heartrate: 150,
  speed: 31.2,
  distance: 12345.6,
  altitude: 132.2,
};

export const SAMPLE_BODY = JSON.stringify({ message: JSON.stringify(SAMPLE) });

export type Measured = { server: TestServer; rider: Rider };

export async function startService(environment: Record<string, string> = {}): Promise<Measured> {
  const server = await startServer({ environment: { LOG_LEVEL: "info", ...environment } });
  return { server, rider: await registerRider(server) };
}

type Process = { url: string } & AsyncDisposable;

/** Hono on Bun with one route that parses the same JSON and stores nothing: what the service is measured against. */
export function startBare(): Promise<Process> {
  return startScript("bare.ts");
}

/** Starts a script, named from this folder, that prints where it serves. */
export async function startScript(path: string, environment: Record<string, string> = {}): Promise<Process> {
  const process_ = Bun.spawn([process.execPath, join(import.meta.dir, path)], {
    env: { ...process.env, ...environment },
    stdout: "pipe",
  });
  const first = await process_.stdout.getReader().read();
  const { url } = JSON.parse(new TextDecoder().decode(first.value)) as { url: string };
  return {
    url,
    async [Symbol.asyncDispose]() {
      process_.kill();
      await process_.exited;
    },
  };
}

/** Posts samples from a process of its own. */
export async function load(
  url: string,
  options: Pick<LoadOptions, "connections" | "durationMs"> & { accessToken?: string },
): Promise<LoadResult> {
  const { accessToken, ...rest } = options;
  const full: LoadOptions = {
    port: Number(new URL(url).port),
    path: "/api/streams/ride/messages",
    headers: {
      "Content-Type": "application/json",
      ...(accessToken !== undefined && { Authorization: `Bearer ${accessToken}` }),
    },
    body: SAMPLE_BODY,
    warmupMs: 300,
    ...rest,
  };
  const generator = Bun.spawn([process.execPath, join(import.meta.dir, "load.ts"), JSON.stringify(full)], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const result = JSON.parse(await generator.stdout.text()) as LoadResult;
  if (result.failures > 0) throw new Error(`${result.failures} posts failed under load.`);
  return result;
}

/** Resident memory of a process in MB, from /proc. */
export async function residentMegabytes(pid: number): Promise<number> {
  const status = await Bun.file(`/proc/${pid}/status`).text();
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

export function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN;
}

export const median = (values: readonly number[]) => quantile(values, 0.5);

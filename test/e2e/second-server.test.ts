import { expect, test } from "bun:test";
import { join } from "node:path";
import { createClient } from "@libsql/client";
import { temporaryDirectory } from "../support/directory.ts";
import { registerRider } from "../support/rider.ts";
import { madeUpRide } from "../support/rides.ts";
import { StartError, startServer } from "../support/server.ts";

test("a second server on the same data is refused, and the first is unharmed", async () => {
  await using server = await startServer();
  const rider = await registerRider(server);
  await rider.postBatch("ride", madeUpRide(10), "json");

  const refusal = await refusalOf({ directory: server.directory });
  expect(refusal.exitCode).toBe(1);
  expect(refusal.stderr.trim()).toBe(
    `Another server is using the data in ${server.directory}. Stop it, or set DATA_DIR.`,
  );

  const { accepted } = await rider.postBatch("ride", madeUpRide(10), "json");
  expect(accepted).toBe(10);
  expect(await rider.call<object>("GET", "/api/streams")).toMatchObject({
    streams: [{ name: "ride", length: 20 }],
  });
  expect(await server.signal("SIGTERM")).toBe(0);
  await server.restart();
  expect(await rider.call<object>("GET", "/api/streams")).toMatchObject({
    streams: [{ name: "ride", length: 20 }],
  });
});

test("of several started at once on the same data exactly one serves", async () => {
  const directory = await temporaryDirectory();
  const starts = await Promise.allSettled([1, 2, 3, 4].map(() => startServer({ directory: directory.path })));
  const servers = starts.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
  for (const server of servers) await server.kill9();
  await directory.remove();
  expect(servers).toHaveLength(1);
  for (const start of starts) {
    if (start.status === "rejected")
      expect(String(start.reason)).toContain("Another server is using the data");
  }
});

test("a port that is taken is named", async () => {
  await using server = await startServer();
  const { port } = new URL(server.url);
  const refusal = await refusalOf({ environment: { PORT: port } });
  expect(refusal.exitCode).toBe(1);
  expect(refusal.stderr).toContain(port);
});

test("a configuration that is wrong in several places is told of all of them", async () => {
  const refusal = await refusalOf({
    environment: { PORT: "seventy", AUTH_MODE: "sometimes", JWT_SECRET: "short", TRASH_DAYS: "-1" },
  });
  expect(refusal.exitCode).toBe(1);
  for (const variable of ["PORT", "AUTH_MODE", "JWT_SECRET", "TRASH_DAYS"]) {
    expect(refusal.stderr).toContain(`${variable}:`);
  }
  expect(refusal.stderr).not.toMatch(/^\s+at /m);
});

test("a database newer than the program is refused", async () => {
  await using server = await startServer();
  await server.signal("SIGTERM");
  await change(server.directory, "bpt.db", [
    `INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('later', ${Date.UTC(2100, 0)})`,
  ]);
  const refusal = await refusalOf({ directory: server.directory });
  expect(refusal.exitCode).toBe(1);
  expect(refusal.stderr).toContain("The database was written by a newer version of this program.");
});

test("a stream buffer newer than the program is refused", async () => {
  await using server = await startServer();
  await server.signal("SIGTERM");
  await change(server.directory, "streams.db", ["PRAGMA user_version = 1000"]);
  const refusal = await refusalOf({ directory: server.directory });
  expect(refusal.exitCode).toBe(1);
  expect(refusal.stderr).toContain("written by a newer version of this program");
});

async function refusalOf(options: Parameters<typeof startServer>[0]): Promise<StartError> {
  try {
    await using _server = await startServer(options);
  } catch (error) {
    if (error instanceof StartError) return error;
    throw error;
  }
  throw new Error("The server was expected not to start, and serves.");
}

async function change(directory: string, file: string, statements: string[]): Promise<void> {
  const client = createClient({ url: `file:${join(directory, file)}` });
  for (const statement of statements) await client.execute(statement);
  client.close();
}

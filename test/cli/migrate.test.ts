import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { createDatabase } from "../../src/db/database.ts";
import { openClient } from "../../src/db/open.ts";
import { createTestApp } from "../support/app.ts";
import { runCommand } from "../support/command.ts";
import { temporaryDirectory } from "../support/directory.ts";

setDefaultTimeout(20_000);

const NAMES = readdirSync(join(import.meta.dir, "../../drizzle"))
  .filter((name) => name.endsWith(".sql"))
  .map((name) => name.replace(".sql", ""))
  .sort();
const LAST = NAMES.at(-1) ?? "";

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
let data: string;

beforeEach(async () => {
  temporary = await temporaryDirectory();
  data = join(temporary.path, "data");
});
afterEach(() => temporary.remove());

const migrate = (...options: string[]) => runCommand(["migrate", ...options], { DATA_DIR: data });

async function states(): Promise<string[][]> {
  const { output } = await migrate("--status", "--json");
  const { migrations } = JSON.parse(output) as { migrations: { name: string; state: string }[] };
  return migrations.map(({ name, state }) => [name, state]);
}

test("a new database is made, and a second time there is nothing to do", async () => {
  expect(await migrate()).toEqual({
    output: `${NAMES.length} migrations applied: ${NAMES.join(", ")}.\n`,
    errors: "",
    exitCode: 0,
  });
  expect(await migrate()).toEqual({ output: "There is nothing to migrate.\n", errors: "", exitCode: 0 });
  expect(JSON.parse((await migrate("--json")).output)).toEqual({ applied: [] });
  expect(await states()).toEqual(NAMES.map((name) => [name, "applied"]));
});

test("--status makes nothing and changes nothing", async () => {
  expect(await states()).toEqual(NAMES.map((name) => [name, "pending"]));
  expect(existsSync(data)).toBe(false);

  await migrate();
  const database = createDatabase(await openClient({ url: `file:${join(data, "bpt.db")}` }));
  await database.run(sql`DELETE FROM __drizzle_migrations WHERE created_at =
    (SELECT max(created_at) FROM __drizzle_migrations)`);
  expect((await states()).at(-1)).toEqual([LAST, "pending"]);
  expect((await migrate("--status")).output).toMatch(
    new RegExp(`^${LAST} +\\d{4}-\\d\\d-\\d\\d +pending$`, "m"),
  );
  expect((await states()).at(-1)).toEqual([LAST, "pending"]);
  database.$client.close();
});

test("what a newer version has brought is shown, and not migrated over", async () => {
  await migrate();
  const database = createDatabase(await openClient({ url: `file:${join(data, "bpt.db")}` }));
  const made = Date.UTC(2099, 0, 1);
  await database.run(sql`INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('x', ${made})`);
  database.$client.close();
  const { output, exitCode } = await migrate("--status");
  expect(output).toMatch(/^unknown to this version +2099-01-01 +newer$/m);
  expect(exitCode).toBe(0);
  const refused = await migrate();
  expect(refused.errors).toContain("written by a newer version of this program");
  expect(refused.exitCode).toBe(1);
});

test("beside a server there is nothing to do, and what there were is refused", async () => {
  const app = await createTestApp();
  const run = () => runCommand(["migrate"], { DATA_DIR: app.directory });
  expect((await run()).output).toBe("There is nothing to migrate.\n");
  await app.deps.database.run(sql`DELETE FROM __drizzle_migrations`);
  const { errors, exitCode } = await run();
  expect(errors).toContain("Another server is using the data");
  expect(exitCode).toBe(1);
  await app.close();
});

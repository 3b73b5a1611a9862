import { expect, setDefaultTimeout, test } from "bun:test";
import { setTimeout } from "node:timers/promises";
import type { BackupReport } from "../../src/backup/create.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { type Rider, registerRider } from "../support/rider.ts";
import { startServer } from "../support/server.ts";
import { jsonOf, startCommand } from "./commands.ts";

setDefaultTimeout(60_000);

/** About how long the command takes, in ms, once it has the lock; at the end of it everything happens. */
const LONGEST_WAIT_MS = 400;
const ROUNDS = 8;

test(`kill -9 of a restore, ${ROUNDS} times: the data is all as before or all as in the backup`, async () => {
  const backups = await temporaryDirectory();
  await using server = await startServer();
  const rider = await registerRider(server);
  const environment = { DATA_DIR: server.directory };

  await mark(rider, "restored");
  const { file } = await jsonOf<BackupReport>(["backup", "--to", backups.path], environment);
  await mark(rider, "before");
  const outcomes = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    await server.signal("SIGTERM");
    const command = startCommand(["restore", file], environment);
    // Evenly over its time, and at last not at all.
    const wait = setTimeout((LONGEST_WAIT_MS * (round + 1)) / ROUNDS);
    if (round < ROUNDS - 1) await wait.then(() => command.kill("SIGKILL"));
    await command.exited;
    await server.restart();
    const marks = await marksOf(rider);
    expect([
      ["before", "before"],
      ["restored", "restored"],
    ]).toContainEqual(marks);
    outcomes.add(marks.join());
    await mark(rider, "before");
  }
  expect(outcomes).toContain("restored,restored");
  await backups.remove();
});

/** In both of the databases. */
async function mark(rider: Rider, text: string): Promise<void> {
  await rider.call("PATCH", "/api/users/me", { displayName: text });
  await rider.call("POST", "/api/streams/mark/messages", { message: text });
}

async function marksOf(rider: Rider): Promise<string[]> {
  const { user } = await rider.call<{ user: { displayName: string } }>("GET", "/api/users/me");
  const { messages } = await rider.call<{ messages: { data: { message: string } }[] }>(
    "GET",
    "/api/streams/mark/messages?count=1000",
  );
  return [user.displayName, messages.at(-1)?.data.message ?? ""];
}

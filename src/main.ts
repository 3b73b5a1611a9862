#!/usr/bin/env bun
import { Command, CommanderError } from "commander";
import packageJson from "../package.json" with { type: "json" };
import { dayOrInstant, httpUrl, numberBetween } from "./cli/option-parsers.ts";
import { note, shown } from "./cli/output.ts";
import { UsageError } from "./cli/usage-error.ts";
import { AppError } from "./errors.ts";
import { version } from "./version.ts";

// What is made here is its owner's alone, whatever directory it is in: databases have password hashes in them.
process.umask(0o077);

// Commander then throws in place of ending the process; the commands below take that over from it.
const program = new Command("bpt").description(packageJson.description).version(version).exitOverride();

const RIDER = "an e-mail address or an id";
const JSON_OPTION = ["--json", "print one JSON document"] as const;

// Each command loads what it needs when it runs: the server's first answer waits for nothing else.
program
  .command("serve", { isDefault: true })
  .description("serve the HTTP interface; configured by environment variables")
  .action(async () => {
    const { serve } = await import("./cli/serve.ts");
    await serve(process.env);
  });

program
  .command("demo")
  .description("ride a generated workout into a server of its own, or into the one named")
  .option("--url <url>", "the server to ride into", httpUrl)
  .option("--token <token>", "an access token for that server")
  .option("--api-key <key>", "or an API key for it")
  .option("--speed <factor>", "how many times faster than real time", numberBetween(1, 100_000), 60)
  .option("--minutes <minutes>", "the length of the ride", numberBetween(1, 600), 30)
  .action(async (options) => {
    const { demo } = await import("./cli/demo.ts");
    await demo(options);
  });

program
  .command("recompute")
  .description(
    "derive summaries, curves and records again from the telemetry, beside a running server or without",
  )
  .option("--user <user>", "only this rider's: an e-mail address or an id")
  .option("--since <day>", "only rides that started on this day or later", dayOrInstant)
  .action(async (options) => {
    const { recompute } = await import("./cli/recompute.ts");
    await recompute(options, process.env);
  });

program
  .command("health")
  .description("ask the server that is configured like this on this machine whether it is ready")
  .action(async () => {
    const { health } = await import("./cli/health.ts");
    await health(process.env);
  });

program
  .command("migrate")
  .description("bring the database to this program's schema, or make a new one, while no server uses it")
  .option("--status", "change nothing; say what is applied, pending, or of a newer version")
  .option(...JSON_OPTION)
  .action(async (options) => {
    const { migrate } = await import("./cli/migrate.ts");
    await migrate(options, process.env);
  });

const user = program
  .command("user")
  .description("make, list and delete accounts, beside a running server or without");

user
  .command("create")
  .description("make an account; the password is asked for, or read from standard input")
  .argument("<email>")
  .option("--name <name>", "the name that is shown")
  .option(...JSON_OPTION)
  .action(async (email, options) => {
    const { createUser } = await import("./cli/user.ts");
    await createUser(email, options, process.env);
  });

user
  .command("list")
  .description("list the accounts")
  .option(...JSON_OPTION)
  .action(async (options) => {
    const { listUsers } = await import("./cli/user.ts");
    await listUsers(options, process.env);
  });

user
  .command("set-password")
  .description("set a new password and end the sessions; it is asked for, or read from standard input")
  .argument("<user>", RIDER)
  .action(async (rider) => {
    const { setUserPassword } = await import("./cli/user.ts");
    await setUserPassword(rider, process.env);
  });

user
  .command("delete")
  .description("delete an account with everything of it")
  .argument("<user>", RIDER)
  .option("--yes", "do not ask")
  .action(async (rider, options) => {
    const { deleteUser } = await import("./cli/user.ts");
    await deleteUser(rider, options, process.env);
  });

const apiKey = program
  .command("api-key")
  .description("make, list and revoke API keys, beside a running server or without");

apiKey
  .command("create")
  .description("make a key for an app or a device; it is shown this once")
  .argument("<user>", RIDER)
  .requiredOption("--name <name>", "what it is for")
  .option("--expires <day>", "the day, at its beginning in UTC, or the time at which it ends", dayOrInstant)
  .option(...JSON_OPTION)
  .action(async (rider, options) => {
    const { createKey } = await import("./cli/api-key.ts");
    await createKey(rider, options, process.env);
  });

apiKey
  .command("list")
  .description("list the keys, of everybody or of one rider")
  .argument("[user]", RIDER)
  .option(...JSON_OPTION)
  .action(async (rider, options) => {
    const { listKeys } = await import("./cli/api-key.ts");
    await listKeys(rider, options, process.env);
  });

apiKey
  .command("revoke")
  .description("revoke a key")
  .argument("<key-id>")
  .action(async (id) => {
    const { revokeKey } = await import("./cli/api-key.ts");
    await revokeKey(id, process.env);
  });

program
  .command("export")
  .description("write everything of a rider into one archive, beside a running server or without")
  .argument("<user>", RIDER)
  .option("--to <file>", "the archive; without it, one named after the rider and the day, here")
  .option(...JSON_OPTION)
  .action(async (rider, options) => {
    const { exportRider } = await import("./cli/export.ts");
    await exportRider(rider, options, process.env);
  });

program
  .command("import")
  .description("read such an archive into a new account, or into one that is there")
  .argument("<file>")
  .option("--user <user>", `the account to import into: ${RIDER}`)
  .option("--dry-run", "check everything and write nothing")
  .option(...JSON_OPTION)
  .action(async (file, options) => {
    const { importArchive } = await import("./cli/import.ts");
    await importArchive(file, options, process.env);
  });

program
  .command("backup")
  .description("copy everything into one checked file, beside a running server or without")
  .option("--to <directory>", "where to; by default BACKUP_DIR, or backups in DATA_DIR")
  .option(...JSON_OPTION)
  .action(async (options) => {
    const { backup } = await import("./cli/backup.ts");
    await backup(options, process.env);
  });

program
  .command("restore")
  .description("put a backup in the place of the data, which is kept beside it; no server may be running")
  .argument("<file>", "the backup")
  .option(...JSON_OPTION)
  .action(async (file, options) => {
    const { restore } = await import("./cli/restore.ts");
    await restore(file, options, process.env);
  });

program
  .command("doctor")
  .description("look at everything the server keeps, beside it or without; say what is wrong and what to do")
  .option("--repair", "do what is safe: tidy what is sound, salvage what is damaged into new files")
  .option(...JSON_OPTION)
  .action(async (options) => {
    const { doctor } = await import("./cli/doctor.ts");
    await doctor(options, process.env);
  });

// What the server runs beside itself.
program
  .command("check-file", { hidden: true })
  .argument("<file>")
  .action(async (file) => {
    const { checkFile } = await import("./cli/check-file.ts");
    checkFile(file);
  });

// Whoever reads the output may have had enough of it.
process.stdout.on("error", () => process.exit(1));
// What is told along the way is no part of the work: where it cannot be told, the work goes on.
process.stderr.on("error", () => {});

/** What went wrong, in words for whoever runs it, and the exit code: 1, or 2 where the command line is at fault. */
async function report(error: unknown): Promise<number> {
  // Commander has said it already, and it also ends by one where nothing is wrong, such as after its help.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  // Where the driver cannot be loaded there are no errors of it either.
  const told = await import("./db/errors.ts").then(
    ({ forOperator }) => forOperator(error),
    () => error,
  );
  const text = told instanceof Error ? told.message : String(told);
  // Names of files and the like are anybody's choice.
  note(text.split("\n").map(shown).join("\n"));
  const isUsage =
    error instanceof UsageError || (error instanceof AppError && error.code === "invalid_input");
  return isUsage ? 2 : 1;
}

/** Else it would be taken for an argument of the one that serves. */
function requireKnownCommand(name: string | undefined): void {
  const isKnown = ["help", ...program.commands.map((command) => command.name())].includes(name ?? "help");
  if (!isKnown && !name?.startsWith("-")) program.error(`error: there is no command ${name}; see bpt help`);
}

try {
  requireKnownCommand(process.argv[2]);
  await program.parseAsync();
} catch (error) {
  process.exit(await report(error));
}

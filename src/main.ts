#!/usr/bin/env bun
import { Command } from "commander";
import packageJson from "../package.json" with { type: "json" };
import { dayOrInstant, httpUrl, numberBetween } from "./cli/option-parsers.ts";
import { version } from "./version.ts";

const program = new Command("bpt").description(packageJson.description).version(version);

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

// Whoever reads the output may have had enough of it.
process.stdout.on("error", () => process.exit(1));

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
